/**
 * docker2vm as a library: what the command does, with typed options, progress events, an AbortSignal and typed
 * errors. Sizes and positions are bytes; nothing is read from the environment that is not handed in.
 */

export type { Attachment } from "./artifact/attachments.ts";
export type { FetchedDocument } from "./artifact/fetch-documents.ts";
export {
  type PullImageOptions,
  type PushImageOptions,
  pullImage,
  pushImage,
  type RegistryConnection,
  type RegistryJobOptions,
  type SignImageOptions,
  signImage,
  type VerifySignatureOptions,
  verifySignature,
} from "./artifact/library.ts";
export type { TransferEvent, TransferPiece } from "./artifact/progress.ts";
export type { PullResult } from "./artifact/pull.ts";
export type { PushResult } from "./artifact/push.ts";
export type { PushedDocument, PushedDocuments } from "./artifact/push-documents.ts";
export type { PushedBlobs } from "./artifact/push-pieces.ts";
export type { BlockSink } from "./blocks/blocks.ts";
export { type BundledImage, type BundleResult, createBundle } from "./bundle/create-bundle.ts";
export type { BundleOptions } from "./bundle/options.ts";
export type { Resources } from "./bundle/runtime/runtime-config.ts";
export type { BundleFinding } from "./bundle/validate/finding.ts";
export { type BundleValidation, validateBundle } from "./bundle/validate-bundle.ts";
export { defaultCacheFolder } from "./cache/layout.ts";
export {
  type CacheListing,
  type FailedCheck,
  listCache,
  type PruneOptions,
  type PruneResult,
  pruneCache,
  type VerifyResult,
  verifyCache,
} from "./cache/upkeep.ts";
export { type ConvertResult, convert } from "./convert/convert.ts";
export { type ConvertIntoOptions, convertInto } from "./convert/convert-into.ts";
export { type ConvertToStreamOptions, convertToStream } from "./convert/convert-to-stream.ts";
export { type DiffOptions, diffImages, type FileFacts, type ImageDifference } from "./convert/diff-images.ts";
export { type ConversionPlan, planConversion } from "./convert/dry-run.ts";
export { type ImageInspection, type InspectedImage, inspectImage } from "./convert/inspect-image.ts";
export type { Limits } from "./convert/limits.ts";
export type { ConvertedImage } from "./convert/make-image.ts";
export type {
  CompressionMetadata,
  FilesystemMetadata,
  ImageMetadata,
  InjectionMetadata,
  LaunchMetadata,
  LayerMetadata,
  RuntimeMetadata,
  VerityMetadata,
  WritableDiskMetadata,
} from "./convert/meta.ts";
export type {
  ConversionOptions,
  ConvertOptions,
  Environment,
  FilesystemSettings,
  ImageOptions,
  LaunchSettings,
  LayerStoreSettings,
  MakingOptions,
  OutputFile,
  ProfileSettings,
  RegistrySettings,
  ResultSettings,
  WritableDisk,
} from "./convert/options.ts";
export type { PlannedFilesystem, PlannedSize } from "./convert/planned-filesystem.ts";
export type { ProgressEvent, ReusedFrom } from "./convert/progress.ts";
export {
  type ContainerToVirtioOptions,
  containerToVirtioDevice,
  type VirtioDevice,
} from "./convert/virtio-device.ts";
export type { Command as BuildCommand } from "./dockerfile/builder.ts";
export { convertDockerfile, type DockerfileResult } from "./dockerfile/convert-dockerfile.ts";
export { type DockerfilePlan, planDockerfile } from "./dockerfile/dry-run.ts";
export type { BuildEvent, BuilderName, DockerfileOptions } from "./dockerfile/options.ts";
export type {
  Account,
  AddEdit,
  AddTarEdit,
  ChmodEdit,
  ChownEdit,
  Edit,
  EditMetadata,
  EditSource,
  HostEdit,
  RemoveEdit,
  SshKeyEdit,
  SymlinkEdit,
} from "./edits/edit.ts";
export { Docker2vmError, ERROR_CODES, type ErrorCode, type ErrorDetails, EXIT } from "./errors.ts";
export type { Algorithm } from "./filesystem/erofs/read/compressed/algorithm.ts";
export type { FeatureName } from "./filesystem/ext4/read/features.ts";
export type { JournalState } from "./filesystem/ext4/read/filesystem.ts";
export type { FilesystemName, FilesystemOptions } from "./filesystem/kind/kind.ts";
export type { Sizing } from "./filesystem/kind/size.ts";
export type { AnyFacts, ErofsFacts, Ext4Facts, XfsFacts } from "./filesystem/open.ts";
export type { Extraction, LeftOut } from "./filesystem/reading/extract.ts";
export type { FilesystemFacts } from "./filesystem/reading/facts.ts";
export type { FileType, Replay } from "./filesystem/reading/filesystem.ts";
export type { Finding } from "./filesystem/reading/findings.ts";
export type { ImageReader } from "./filesystem/reading/image.ts";
export type { Verification } from "./filesystem/reading/verification.ts";
export type { LogState } from "./filesystem/xfs/read/log.ts";
export type { Fetch, FetchAnswer, FetchRequest } from "./http/fetching.ts";
export type { Monitor } from "./launch/monitors.ts";
export type { InflateChoice } from "./layer/decompress.ts";
export type { Digest } from "./oci/digest.ts";
export { type ImageTarget, MemoryTarget } from "./output/target.ts";
export type { BootstrapDocument } from "./profile/init/bootstrap.ts";
export type { WorkloadOverrides } from "./profile/init/overrides.ts";
export type { BaseMetadata, ProfileMetadata, ProfileName, ProgramMetadata } from "./profile/profile.ts";
export type {
  FilesystemImage,
  ImageEntry,
  ImagePath,
  ListOptions,
  Stoppable,
  TarOptions,
} from "./reader/filesystem-image.ts";
export { type ImageInput, type OpenImageOptions, openImage, verifyImage } from "./reader/open-image.ts";
export type { RefusedDocument } from "./referrer/documents.ts";
export type { SignatureReport, SigningSettings, SignResult } from "./referrer/sign-image.ts";
export type { SignatureFormat, SignedManifest } from "./referrer/sign-manifest.ts";
export type { HowPushed } from "./registry/blob-upload.ts";
export type {
  BlockKind,
  BlockRow,
  ComparisonReport,
  Duplicates,
  FilesystemMap,
  FolderFacts,
  ImageReport,
  LargeFile,
  LayerFacts,
  PackageChange,
  PackageFacts,
  PrivilegedFile,
  SizeChange,
  SourceFacts,
  Totals,
  WastedFile,
} from "./report/facts/report.ts";
export { type ComparisonOptions, reportComparison, reportImage } from "./report/report-image.ts";
export {
  type FilesystemExtent,
  type ResizeOptions,
  type ResizeResult,
  resizeImage,
} from "./resize/resize-image.ts";
export type { Verdict } from "./signature/bundle.ts";
export type { FoundSignature } from "./signature/require-signature.ts";
export type { ByteStream } from "./source/byte-stream.ts";
export type { RegistryAccess, RegistryEvent } from "./source/registry-options.ts";
export type {
  ContainerdSource,
  ContainersStorageSource,
  DockerDaemonSource,
  EngineSource,
  FilesystemSource,
  FolderSource,
  IdRange,
  ImageChoice,
  ImageSpec,
  Ownership,
  PathSource,
  RegistrySource,
  RootfsSource,
  RootfsTarSource,
  SourceSpec,
  StandardInputSource,
  StreamSource,
} from "./source/source.ts";
export type { FileField } from "./tree/file-fields.ts";
export type { Timestamp } from "./tree/inode.ts";
