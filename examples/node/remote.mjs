// Signs documents with an RSA key that `eseal` never sees.
//
//     node remote.mjs signer.pem signer.key signed contract.pdf …
//
// Where the key is used (`sign`), a signing service would be called.

import { spawn } from "node:child_process";
import { constants, privateEncrypt } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ESEAL = process.env.ESEAL ?? "eseal";

/** Starts `eseal`, hands it `given`, and yields each line of JSON as it comes. */
async function* lines(verb, options, given = "") {
  const child = spawn(ESEAL, [verb, "--json", ...options], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  // Whether it could not be started is said below.
  ended.catch(() => {});
  child.stdin.on("error", () => {}).end(given);
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line);
  // 0: all good, 1: some documents failed, and their lines say why. Everything else is about the run.
  const status = await ended;
  if (status !== 0 && status !== 1) throw new Error(`eseal ${verb} ended with ${status}`);
}

// What stands before a SHA-256 digest in a signature by RSA (RFC 8017, 9.2).
const SHA256 = Buffer.from("3031300d060960864801650304020105000420", "hex");

/** The signature value over a digest. */
function sign(key, { digest, digest_algorithm }) {
  if (digest_algorithm !== "SHA-256") throw new Error(`${digest_algorithm} is not expected from an RSA key here`);
  const encoded = Buffer.concat([SHA256, Buffer.from(digest, "base64")]);
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, encoded).toString("base64");
}

const [certificate, keyFile, out, ...documents] = process.argv.slice(2);
if (documents.length === 0) {
  console.error("usage: remote.mjs CERT KEY OUT DOCUMENT…");
  process.exit(2);
}
const key = await readFile(keyFile);
const store = await mkdtemp(join(tmpdir(), "eseal-"));
try {
  let values = "";
  const complain = ({ input, error }) => {
    console.error(`${input}: ${error.code}: ${error.message}`);
    process.exitCode = 1;
  };
  for await (const line of lines("prepare", ["--cert", certificate, "--digest", "sha256", "--store", store, "--", ...documents])) {
    if (line.error) complain(line);
    else values += JSON.stringify({ id: line.id, signature: sign(key, line) }) + "\n";
  }
  if (values) {
    for await (const line of lines("finalize", ["--store", store, "--values", "-", "--out", out], values)) {
      if (line.error) complain(line);
      else console.log(`${line.input}: ${line.level} in ${line.output}`);
    }
  }
} finally {
  await rm(store, { recursive: true });
}
