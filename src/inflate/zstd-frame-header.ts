/** Frame headers: RFC 8878, 3.1.1.1. */

/** What zstd's own decoder takes unless told otherwise (ZSTD_MAXWINDOWSIZE_DEFAULT of lib/zstd_internal). */
const MAX_WINDOW = 2 ** 27 + 1;

/** 3.1.1.1.1: bits of Frame_Header_Descriptor. */
const SINGLE_SEGMENT_FLAG = 0x20;
const RESERVED_BIT = 0x08;
const CHECKSUM_FLAG = 0x04;
const DICTIONARY_LENGTH = [0, 1, 2, 4] as const;
const CONTENT_SIZE_LENGTH = [0, 2, 4, 8] as const;

export function hasChecksum(descriptor: number): boolean {
  return (descriptor & CHECKSUM_FLAG) !== 0;
}

/** Bytes of Window_Descriptor, Dictionary_ID and Frame_Content_Size. */
export function headerLength(descriptor: number): number {
  if ((descriptor & RESERVED_BIT) !== 0) throw new Error("a frame's header has the reserved bit set");
  return windowLength(descriptor) + dictionaryLength(descriptor) + contentSizeLength(descriptor);
}

function windowLength(descriptor: number): number {
  return (descriptor & SINGLE_SEGMENT_FLAG) === 0 ? 1 : 0;
}

function dictionaryLength(descriptor: number): number {
  return DICTIONARY_LENGTH[descriptor & 3] ?? 0;
}

function contentSizeLength(descriptor: number): number {
  const length = CONTENT_SIZE_LENGTH[descriptor >> 6] ?? 0;
  return length === 0 && windowLength(descriptor) === 0 ? 1 : length;
}

/** Throws for a frame that needs a dictionary or more memory than is reasonable. */
export function checkHeader(descriptor: number, header: readonly number[]): void {
  const window = windowLength(descriptor);
  const dictionaryEnd = window + dictionaryLength(descriptor);
  if (littleEndian(header.slice(window, dictionaryEnd)) !== 0) throw new Error("a frame needs a dictionary");
  const contentSize = header.slice(dictionaryEnd);
  const size =
    window === 1
      ? windowSize(header[0] ?? 0)
      : littleEndian(contentSize) + (contentSize.length === 2 ? 256 : 0);
  if (size > MAX_WINDOW)
    throw new Error(`a frame needs a window of ${size} bytes; ${MAX_WINDOW} are allowed`);
}

/** 3.1.1.1.2 */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** The number of little-endian bytes; exact below 2^53. */
export function littleEndian(bytes: readonly number[]): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
