/**
 * Text in the cells of a terminal: a character may take none, one or two of them.
 */
import stringWidth from "string-width"

/** Whatever could move the cursor, color the rest or reverse the reading: controls, line ends, direction marks. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu
/** Joins the parts of an emoji. */
const joiner = "\u200d"

/** The text as one line without anything that a terminal would act on. */
export const clean = (text: string): string =>
  text.toWellFormed().replace(unprintable, (char) => (char === joiner ? char : "\ufffd"))

export const widthOf = (text: string): number => stringWidth(text)

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })

/** The text in exactly so many cells: filled with spaces, or cut with an ellipsis, never inside a character. */
export const fit = (text: string, cells: number): string => {
  const width = widthOf(text)
  if (width <= cells) return text + " ".repeat(cells - width)
  let kept = ""
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const next = widthOf(segment)
    if (used + next > cells - 1) break
    kept += segment
    used += next
  }
  return `${kept}…${" ".repeat(Math.max(0, cells - 1 - used))}`.slice(0, cells === 0 ? 0 : undefined)
}

const units = [
  ["ns", 1n],
  ["µs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n]
] as const

/** Three digits and a unit: `0`, `640ns`, `1.24ms`, `60ms`, `1.42s`; from a minute on two units: `2m 3s`, `1h 5m`, `3d 4h`. */
export const duration = (nanos: bigint): string => {
  if (nanos === 0n) return "0"
  for (const [unit, size] of units) {
    const text = String(Number((Number(nanos) / Number(size)).toPrecision(3)))
    if (Number(text) < (unit === "s" ? 60 : 1_000)) return text + unit
  }
  const seconds = Math.round(Number(nanos) / 1e9)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 24) return `${Math.floor(hours / 24)}d ${hours % 24}h`
  return hours > 0 ? `${hours}h ${minutes % 60}m` : `${minutes}m ${seconds % 60}s`
}
