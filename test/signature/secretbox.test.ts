import { expect, test } from "bun:test";
import { openSecretbox } from "../../src/signature/secretbox.ts";

const hex = (text: string) => Buffer.from(text, "hex");
/** NaCl's own: tests/secretbox.c and secretbox2.c. */
const KEY = hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
const NONCE = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
const PLAIN = hex(
  "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f4" +
    "1db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52" +
    "f0a089bc76897040e082f937763848645e0705",
);
const SEALED = hex(
  "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b" +
    "4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da" +
    "99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
);

test("what NaCl has sealed is opened", () => {
  expect(openSecretbox(SEALED, NONCE, KEY)?.equals(PLAIN)).toBe(true);
});

test("a bit that is another anywhere opens nothing, nor does any length", () => {
  const changed = (bytes: Buffer, at: number) => {
    const other = Buffer.from(bytes);
    other[at] = (other[at] ?? 0) ^ 1;
    return other;
  };
  for (let at = 0; at < SEALED.length; at++) {
    expect(openSecretbox(changed(SEALED, at), NONCE, KEY)).toBeUndefined();
  }
  for (let at = 0; at < KEY.length; at++) {
    expect(openSecretbox(SEALED, NONCE, changed(KEY, at))).toBeUndefined();
  }
  for (let at = 0; at < NONCE.length; at++) {
    expect(openSecretbox(SEALED, changed(NONCE, at), KEY)).toBeUndefined();
  }
  for (const length of [0, 15, 16, 31, SEALED.length - 1]) {
    expect(openSecretbox(SEALED.subarray(0, length), NONCE, KEY)).toBeUndefined();
  }
  expect(openSecretbox(SEALED, NONCE.subarray(1), KEY)).toBeUndefined();
  expect(openSecretbox(SEALED, NONCE, KEY.subarray(1))).toBeUndefined();
});
