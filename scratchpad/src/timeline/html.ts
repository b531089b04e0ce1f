/**
 * Puts texts that nobody has checked into HTML.
 */
import { createHash } from "node:crypto"

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** For text and for attributes in quotes. A character that HTML does not allow is shown as one that it does. */
export const escape = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[&<>"']/g, (char) => entities[char]!)
    // oxlint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd")

/** JSON for a `script` element: no `<` can end it or open a comment. */
export const json = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Names a script or a style in a Content-Security-Policy. */
export const hash = (content: string): string => `'sha256-${createHash("sha256").update(content).digest("base64")}'`
