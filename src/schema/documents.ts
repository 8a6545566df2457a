/** The JSON documents that this program writes and prints: a schema is published of each type that is exported here. */
import type { PullResult } from "../artifact/pull.ts";
import type { PushResult } from "../artifact/push.ts";
import type { BundleValidation } from "../bundle/validate-bundle.ts";
import type { BatchEvent } from "../cli/batch/batch.ts";
import type { DifferenceDocument } from "../cli/diff-command.ts";
import type { BuilderEvent } from "../cli/dockerfile-command.ts";
import type { ErrorDocument } from "../cli/error-report.ts";
import type { InspectionDocument } from "../cli/filesystem/inspect.ts";
import type { ReportedEvent } from "../cli/progress/state.ts";
import type { ConversionSummary } from "../cli/summary.ts";
import type { ConversionPlan } from "../convert/dry-run.ts";
import type { ImageInspection } from "../convert/inspect-image.ts";
import type { ImageMetadata } from "../convert/meta.ts";
import type { Verification } from "../filesystem/reading/verification.ts";
import type { SignatureReport, SignResult } from "../referrer/sign-image.ts";
import type { ComparisonReport, ImageReport } from "../report/facts/report.ts";

/** `meta.json`, and what `--output FILE --meta` writes. */
export type Meta = ImageMetadata;

/** A line on standard error with `--progress json`. */
export type Event = ReportedEvent | BuilderEvent | BatchEvent;

/** The line on standard error that a command ends with that fails, where it speaks JSON. */
export type Failure = ErrorDocument;

/** What `convert --format json` prints. */
export type Result = ConversionSummary;

/** What `convert --dry-run` prints. */
export type Plan = ConversionPlan;

/** What `inspect --json` prints. */
export type Inspection = InspectionDocument;

/** What `inspect-image --json` prints. */
export type Image = ImageInspection;

/** What `diff --json` prints. */
export type Differences = readonly DifferenceDocument[];

/** What `bundle validate --json` prints. */
export type Bundle = BundleValidation;

/** What `report --format json` makes. */
export type Report = ImageReport | ComparisonReport;

/** What `verify --json` prints. */
export type Verified = Verification;

/** What `push --json` prints. */
export type Pushed = PushResult;

/** What `pull --json` prints. */
export type Pulled = PullResult;

/** What `sign --json` prints. */
export type Signed = SignResult;

/** What `verify-signature --json` prints. */
export type Signatures = SignatureReport;
