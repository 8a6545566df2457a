/** The JSON documents that this program writes and prints: a schema is published of each type that is exported here. */
import type { PullResult } from "../artifact/pull.ts";
import type { PushResult } from "../artifact/push.ts";
import type { BundleValidation } from "../bundle/validate-bundle.ts";
import type { BatchEvent } from "../cli/batch/batch.ts";
import type { BatchReportDocument } from "../cli/batch/report.ts";
import type { BatchStateDocument } from "../cli/batch/state.ts";
import type { BundleDocument } from "../cli/bundle/create.ts";
import type { CacheListDocument, CachePruneDocument, CacheVerifyDocument } from "../cli/cache-command.ts";
import type { DifferenceDocument } from "../cli/diff-command.ts";
import type { BuilderEvent } from "../cli/dockerfile-command.ts";
import type { ErrorDocument } from "../cli/error-report.ts";
import type { ExtractionDocument } from "../cli/filesystem/extract.ts";
import type { ArchiveDocument } from "../cli/filesystem/extract-tar.ts";
import type { InspectionDocument } from "../cli/filesystem/inspect.ts";
import type { ListingDocument } from "../cli/filesystem/ls.ts";
import type { ResizeDocument } from "../cli/filesystem/resize.ts";
import type { FolderTotals } from "../cli/folder-totals.ts";
import type { GondolinDocument } from "../cli/gondolin-documents.ts";
import type { KernelDocument } from "../cli/kernel-command.ts";
import type { ReportedEvent } from "../cli/progress/state.ts";
import type { ConversionSummary } from "../cli/summary.ts";
import type { ConversionPlan } from "../convert/dry-run.ts";
import type { ImageInspection } from "../convert/inspect-image.ts";
import type { ImageMetadata } from "../convert/meta.ts";
import type { DockerfilePlan } from "../dockerfile/dry-run.ts";
import type { Verification } from "../filesystem/reading/verification.ts";
import type { SignatureReport, SignResult } from "../referrer/sign-image.ts";
import type { ComparisonReport, ImageReport } from "../report/facts/report.ts";

/** `meta.json`, and what `--output FILE --meta` writes. */
export type Meta = ImageMetadata;

/** `batch.json`, in the folder of a batch. */
export type Batch = BatchStateDocument;

/** A line on standard error with `--progress json`. */
export type Event = ReportedEvent | BuilderEvent | BatchEvent;

/** The line on standard error that a command ends with that fails, where it speaks JSON. */
export type Failure = ErrorDocument;

/** What `convert --format json` prints, and `dockerfile` as well. */
export type Result = ConversionSummary;

/** What `convert --dry-run` prints. */
export type Plan = ConversionPlan;

/** What `dockerfile --dry-run` prints. */
export type BuildPlan = DockerfilePlan;

/** What `batch --json` prints. */
export type Batched = BatchReportDocument;

/** What `bundle create --format json` prints. */
export type Bundled = BundleDocument;

/** What `oci2gondolin` and `dockerfile2gondolin` print. */
export type Gondolin = GondolinDocument;

/** What `inspect --json` prints. */
export type Inspection = InspectionDocument;

/** What `ls --json` prints: one document a line. */
export type Listed = ListingDocument;

/** What `extract --json` prints, of a tar on standard error. */
export type Extracted = ExtractionDocument | ArchiveDocument;

/** What `resize --json` prints. */
export type Resized = ResizeDocument;

/** What `inspect-image --json` prints. */
export type Image = ImageInspection;

/** What `diff --json` prints. */
export type Differences = readonly DifferenceDocument[];

/** What `diff --stat --json` prints. */
export type Stat = readonly FolderTotals[];

/** What `bundle validate --json` prints. */
export type Bundle = BundleValidation;

/** What `report --format json` makes. */
export type Report = ImageReport | ComparisonReport;

/** What `verify --json` prints. */
export type Verified = Verification;

/** What `cache ls --json` prints. */
export type Cached = CacheListDocument;

/** What `cache prune --json` prints. */
export type Pruned = CachePruneDocument;

/** What `cache verify --json` prints. */
export type Checked = CacheVerifyDocument;

/** What `kernel --json` prints. */
export type Kernel = KernelDocument;

/** What `push --json` prints. */
export type Pushed = PushResult;

/** What `pull --json` prints. */
export type Pulled = PullResult;

/** What `sign --json` prints. */
export type Signed = SignResult;

/** What `verify-signature --json` prints. */
export type Signatures = SignatureReport;
