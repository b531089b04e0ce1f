/**
 * What is wrong with a row, how good a film is, and what can be done about it: pure functions, and the numbers that the
 * data gave (README.md says how often each rule applies and why it is what it is).
 */
import * as Option from "effect/Option"
import { isNumber, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import {
  type Cell,
  type Change,
  changesBetween,
  type Column,
  columnOf,
  type Cleaned,
  type Field,
  Film,
  type Row
} from "./records.ts"

// -----------------------------------------------------------------------------
// sanitizing: slips of spelling and coding that have one right reading
// -----------------------------------------------------------------------------

/** A rule gives back the very row it got where it has nothing to do, so one function both finds and mends. */
export interface Sanitizer {
  readonly name: string
  readonly apply: (row: Row) => Row
}

const fields = Object.keys(columnOf) as Array<Field>
const textual: ReadonlyArray<Field> = [
  "title",
  "released",
  "mpaa",
  "distributor",
  "source",
  "genre",
  "creativeType",
  "director"
]
const numeric = fields.filter((field) => !textual.includes(field))

const onCells =
  (fields: ReadonlyArray<Field>, f: (cell: Cell, field: Field) => Cell) =>
  (row: Row): Row => {
    const changed = fields.flatMap((field): ReadonlyArray<readonly [Column, Cell]> => {
      const cell = row[columnOf[field]]
      const next = f(cell, field)
      return next === cell ? [] : [[columnOf[field], next]]
    })
    return changed.length === 0 ? row : { ...row, ...Object.fromEntries(changed) }
  }

const onTexts = (fields: ReadonlyArray<Field>, f: (text: string) => string | null) =>
  onCells(fields, (cell) => (isString(cell) ? f(cell) : cell))

/** The bytes of Mac Roman: `macRoman.get("È")` is 0xE9, which is "é" in Windows-1252. */
const macRoman = new Map(
  Array.from(new TextDecoder("macintosh").decode(Uint8Array.from({ length: 256 }, (_, byte) => byte)), (char, byte) => [
    char,
    byte
  ])
)
const windows1252 = new TextDecoder("windows-1252")

/** A capital or a sign in the middle of a word, or an accented capital alone, where no language has one. */
const isGarbled = (text: string): boolean =>
  /(?<=[\p{Ll}\d])[^\p{ASCII}\p{Ll}\p{N}]|(?<=\p{L})[^\p{ASCII}\p{Ll}\p{N}](?=\p{Ll})|(?<=\s)(?!\p{ASCII})\p{Lu}(?=\s)/u.test(
    text
  )

/** "AmÈlie" was written as Windows-1252 and read as Mac Roman; it is read again if that leaves nothing garbled. */
const ungarble = (text: string): string => {
  if (!isGarbled(text)) return text
  const bytes = Array.from(text, (char) => macRoman.get(char))
  if (!bytes.every((byte) => byte !== undefined)) return text
  const read = windows1252.decode(Uint8Array.from(bytes))
  return isGarbled(read) ? text : read
}

const readNumber = (text: string): number | string => {
  const digits = text.replace(/[$,\s]/g, "")
  return /^-?\d+(\.\d+)?$/.test(digits) ? Number(digits) : text
}

const isPossible = Object.fromEntries(
  fields.map((field) => [field, Schema.decodeUnknownOption(Film.fields[field] as Schema.Codec<unknown, Cell>)])
) as Record<Field, (cell: Cell) => Option.Option<unknown>>

export const sanitizers: ReadonlyArray<Sanitizer> = [
  { name: "text written as a number", apply: onCells(textual, (cell) => (isNumber(cell) ? String(cell) : cell)) },
  { name: "number written as text", apply: onCells(numeric, (cell) => (isString(cell) ? readNumber(cell) : cell)) },
  { name: "stray blanks", apply: onTexts(textual, (text) => text.trim().replace(/\s+/g, " ") || null) },
  { name: "doubled quotes", apply: onTexts(textual, (text) => text.replaceAll('""', '"')) },
  { name: "garbled letters", apply: onTexts(textual, ungarble) },
  {
    name: "article at the end",
    apply: onTexts(["title"], (title) => title.replace(/^(.*), (The|A|An|Les?)$/, "$2 $1"))
  },
  {
    name: "placeholder for unknown",
    apply: onCells(fields, (cell) => (cell === "Dec 31 1969" || cell === "Distributor Unknown" ? null : cell))
  },
  {
    name: "value its column cannot have",
    apply: onCells(fields, (cell, field) => (cell === null || Option.isSome(isPossible[field](cell)) ? cell : null))
  },
  {
    name: "zero for an unknown gross",
    apply: (row) =>
      row["US Gross"] === 0 && row["Worldwide Gross"] === 0
        ? { ...row, "US Gross": null, "Worldwide Gross": null }
        : row
  }
]

export interface Sanitized {
  readonly row: Row
  readonly changes: ReadonlyArray<Change>
}

export const sanitize = (row: Row): Sanitized =>
  sanitizers.reduce<Sanitized>(
    ({ row, changes }, rule) => {
      const clean = rule.apply(row)
      return clean === row
        ? { row, changes }
        : { row: clean, changes: [...changes, ...changesBetween(rule.name, row, clean)] }
    },
    { row, changes: [] }
  )

const telling: ReadonlyArray<Field> = ["released", "worldwideGross", "usGross", "dvdSales", "imdbRating", "tomatoes"]

/** Why a row is of no use even when sanitized, if it is not. */
export const whyUnusable = (row: Row): Option.Option<string> => {
  if (row.Title === null) return Option.some("no title")
  return telling.every((field) => row[columnOf[field]] === null)
    ? Option.some("announced, never released")
    : Option.none()
}

// -----------------------------------------------------------------------------
// the collection as a whole: what no row tells alone
// -----------------------------------------------------------------------------

export interface Survey {
  /** The last year in which films came out: later dates are misread. */
  readonly lastYear: number
  /** "rating/votes" pairs that stand in more than one row. */
  readonly sharedRatings: ReadonlySet<string>
}

const yearOf = (date: string): number => Number(date.slice(0, 4))

const ratingKey = (rating: Cell | undefined, votes: Cell | undefined): string => `${rating}/${votes}`

/** Below this many dated rows, a year without a film says nothing. */
const denseCollection = 100

export const survey = (rows: ReadonlyArray<Row>): Survey => {
  const years = rows
    .flatMap((row) => Option.toArray(isPossible.released(row["Release Date"])))
    .filter(isString)
    .map(yearOf)
    .sort((a, b) => a - b)
  const filmed = new Set(years)
  let lastYear = years[years.length >> 1] ?? 0
  while (filmed.has(lastYear + 1)) lastYear++

  const seen = new Set<string>()
  const sharedRatings = new Set<string>()
  for (const row of rows) {
    if (row["IMDB Votes"] === null) continue
    const key = ratingKey(row["IMDB Rating"], row["IMDB Votes"])
    if (seen.has(key)) sharedRatings.add(key)
    seen.add(key)
  }
  return { lastYear: years.length < denseCollection ? (years.at(-1) ?? 0) : lastYear, sharedRatings }
}

// -----------------------------------------------------------------------------
// quality: how much is known, and whether it can be true
// -----------------------------------------------------------------------------

/** What each fact is worth; together 100. Facts that most films lack (running time, DVD sales) are worth nothing. */
const worth: Partial<Record<Field, number>> = {
  released: 15,
  worldwideGross: 15,
  budget: 10,
  genre: 10,
  imdbRating: 10,
  tomatoes: 10,
  usGross: 5,
  mpaa: 5,
  distributor: 5,
  source: 5,
  creativeType: 5,
  director: 5
}

export const highQuality = 90
export const lowQuality = 60

/** Films earned $2,181 per IMDB vote in the median, and some $60,000 at most where the votes are their own. */
const dollarsPerVote = 100_000

const isInFuture = (film: Film, { lastYear }: Survey): boolean =>
  film.released !== null && yearOf(film.released) > lastYear

const isRatingShared = (film: Film, { sharedRatings }: Survey): boolean =>
  sharedRatings.has(ratingKey(film.imdbRating, film.imdbVotes))

const isRatingTiny = (film: Film): boolean =>
  film.imdbVotes !== null && film.worldwideGross !== null && film.worldwideGross > film.imdbVotes * dollarsPerVote

/** What in a film cannot be true. */
export const contradictions = (film: Film, survey: Survey): ReadonlyArray<string> => [
  ...(isInFuture(film, survey) ? ["released in the future"] : []),
  ...(isRatingShared(film, survey) ? ["rating of another film"] : []),
  ...(isRatingTiny(film) ? ["too few votes for its gross"] : [])
]

/** December 31 is ten times as frequent as other days: it mostly stands for "some day next year". */
export const isDayDoubtful = ({ released }: Film): boolean =>
  released !== null && (released.length === "YYYY".length || released.endsWith("-12-31"))

/** What a release date is worth less when only its year can be trusted. */
const dayWorth = 7

/** 0 to 100. A film that contradicts itself stays below `lowQuality`, however much is known of it. */
export const score = (film: Film, survey: Survey): number => {
  const known = fields.reduce((sum, field) => sum + (film[field] === null ? 0 : (worth[field] ?? 0)), 0)
  const certain = isDayDoubtful(film) ? known - dayWorth : known
  return contradictions(film, survey).length > 0 ? Math.min(certain, lowQuality - 1) : certain
}

export const missing = (film: Film): ReadonlyArray<Field> => fields.filter((field) => film[field] === null)

// -----------------------------------------------------------------------------
// repairs: from the mildest to the strongest, each a guess that sanitizing may not make
// -----------------------------------------------------------------------------

export interface Repair {
  readonly name: string
  /** Gives back the very film it got where it has nothing to do. */
  readonly apply: (film: Film, survey: Survey) => Film
}

const change = (film: Film, changes: Partial<Film>): Film =>
  fields.some((field) => field in changes && changes[field] !== film[field]) ? { ...film, ...changes } : film

/** The film rating system began on this day. */
const ratingsBegan = "1968-11-01"

export const repairs: ReadonlyArray<Repair> = [
  {
    name: "reinterpret the century",
    apply: (film, survey) =>
      film.released !== null && isInFuture(film, survey)
        ? { ...film, released: `${yearOf(film.released) - 100}${film.released.slice(4)}` }
        : film
  },
  {
    name: "derive what the rest implies",
    apply: (film) =>
      change(film, {
        ...(film.mpaa === null && film.released !== null && film.released < ratingsBegan ? { mpaa: "Not Rated" } : {}),
        ...(film.genre === "Documentary"
          ? { source: film.source ?? "Based on Real Life Events", creativeType: film.creativeType ?? "Factual" }
          : {}),
        ...(film.worldwideGross === null && film.dvdSales !== null ? { usGross: 0, worldwideGross: 0 } : {})
      })
  },
  {
    name: "withdraw the doubtful rating",
    apply: (film, survey) =>
      isRatingShared(film, survey) || isRatingTiny(film) ? { ...film, imdbRating: null, imdbVotes: null } : film
  }
]

/** The next repair that changes anything, of those stronger than the ones already tried. */
export const nextRepair = (film: Film, survey: Survey, tried: ReadonlyArray<string>): Option.Option<string> => {
  const last = repairs.findLastIndex((repair) => tried.includes(repair.name))
  return Option.fromUndefinedOr(repairs.slice(last + 1).find((repair) => repair.apply(film, survey) !== film)?.name)
}

// -----------------------------------------------------------------------------
// enrichment: what only a well-known film allows
// -----------------------------------------------------------------------------

/** To two places; unknown where a number is unknown or divided by zero. */
const both = (a: number | null, b: number | null, f: (a: number, b: number) => number): number | null => {
  const value = a === null || b === null ? NaN : f(a, b)
  return Number.isFinite(value) ? Math.round(value * 100) / 100 : null
}

export const figures = (film: Film): NonNullable<Cleaned["figures"]> => ({
  decade: film.released === null ? null : yearOf(film.released) - (yearOf(film.released) % 10),
  profit: both(film.worldwideGross, film.budget, (gross, budget) => gross - budget),
  returnOnBudget: both(film.worldwideGross, film.budget, (gross, budget) => gross / budget),
  shareAbroad: both(film.usGross, film.worldwideGross, (us, worldwide) => 1 - us / worldwide),
  /** Positive where critics like it better than viewers. */
  criticsOverViewers: both(film.tomatoes, film.imdbRating, (critics, viewers) => critics - viewers * 10)
})
