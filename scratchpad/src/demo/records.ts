/**
 * The data: a row as it stands in the file, and the film it becomes.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** What a cell may hold. A column that is missing reads as null. */
const Cell = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite]))
export type Cell = typeof Cell.Type

const Column = Cell.pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))

/** A row of the file: the right columns, with anything in them. */
export const Row = Schema.Struct({
  Title: Column,
  "Release Date": Column,
  "US Gross": Column,
  "Worldwide Gross": Column,
  "US DVD Sales": Column,
  "Production Budget": Column,
  "MPAA Rating": Column,
  "Running Time min": Column,
  Distributor: Column,
  Source: Column,
  "Major Genre": Column,
  "Creative Type": Column,
  Director: Column,
  "Rotten Tomatoes Rating": Column,
  "IMDB Rating": Column,
  "IMDB Votes": Column
})
export type Row = typeof Row.Type
export type Column = keyof Row

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** A year, or a day that exists: days that do not would roll over into the next month. */
const isIsoDate = (text: string): boolean =>
  /^\d{4}$/.test(text) ||
  Option.exists(DateTime.make(`${text}T00:00:00Z`), (day) => DateTime.formatIsoDateUtc(day) === text)

const IsoDate = Schema.String.check(Schema.makeFilter(isIsoDate))

/** Reads the file's "Jun 12 1998" as 1998-06-12, and leaves other texts to the check of `IsoDate`. */
const DateFromText = Schema.String.pipe(
  Schema.decodeTo(
    IsoDate,
    SchemaTransformation.transform({
      decode: (text) =>
        text.replace(/^([A-Z][a-z]{2}) (\d{2}) (\d{4})$/, (_, month, day, year) => {
          const number = months.indexOf(month) + 1
          return `${year}-${String(number).padStart(2, "0")}-${day}`
        }),
      encode: (date) => date
    })
  )
)

const Text = Schema.NullOr(Schema.NonEmptyString)
const Dollars = Schema.NullOr(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
const Count = Schema.NullOr(Schema.Int.check(Schema.isGreaterThan(0)))

/** What a row means once it has been read. Null is "unknown", never zero or blank. */
export const Film = Schema.Struct({
  title: Schema.NonEmptyString,
  released: Schema.NullOr(DateFromText),
  usGross: Dollars,
  worldwideGross: Dollars,
  dvdSales: Dollars,
  budget: Dollars,
  mpaa: Schema.NullOr(Schema.Literals(["G", "PG", "PG-13", "R", "NC-17", "Not Rated"])),
  runningTime: Count,
  distributor: Text,
  source: Text,
  genre: Text,
  creativeType: Text,
  director: Text,
  tomatoes: Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))),
  imdbRating: Schema.NullOr(Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 10 }))),
  imdbVotes: Count
})
export type Film = typeof Film.Type
export type Field = keyof Film

/** Where each field of a film stands in a row. */
export const columnOf = {
  title: "Title",
  released: "Release Date",
  usGross: "US Gross",
  worldwideGross: "Worldwide Gross",
  dvdSales: "US DVD Sales",
  budget: "Production Budget",
  mpaa: "MPAA Rating",
  runningTime: "Running Time min",
  distributor: "Distributor",
  source: "Source",
  genre: "Major Genre",
  creativeType: "Creative Type",
  director: "Director",
  tomatoes: "Rotten Tomatoes Rating",
  imdbRating: "IMDB Rating",
  imdbVotes: "IMDB Votes"
} as const satisfies Record<Field, Column>

export const FilmFromRow = Film.pipe(Schema.encodeKeys(columnOf))

/** One value that a step replaced: they explain every difference between a row and its film. */
export const Change = Schema.Struct({ step: Schema.String, field: Schema.String, from: Cell, to: Cell })
export type Change = typeof Change.Type

export const changesBetween = <A extends { readonly [K in keyof A]: Cell }>(
  step: string,
  before: A,
  after: A
): ReadonlyArray<Change> =>
  (Object.keys(before) as Array<keyof A & string>)
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ step, field, from: before[field], to: after[field] }))

/** What the workflow makes of a film it completes. */
export const Cleaned = Schema.Struct({
  quality: Schema.Literals(["high", "low"]),
  score: Schema.Int,
  film: Film,
  /** Computed for films of high quality. */
  figures: Schema.optionalKey(
    Schema.Struct({
      decade: Schema.NullOr(Schema.Int),
      profit: Schema.NullOr(Schema.Finite),
      returnOnBudget: Schema.NullOr(Schema.Finite),
      shareAbroad: Schema.NullOr(Schema.Finite),
      criticsOverViewers: Schema.NullOr(Schema.Finite)
    })
  ),
  /** Listed for films of low quality. */
  missing: Schema.optionalKey(Schema.Array(Schema.String)),
  changes: Schema.Array(Change)
})
export type Cleaned = typeof Cleaned.Type
