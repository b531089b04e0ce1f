/** The prefixes that a journal may have: its tables, indexes and channel have names of at most 63 bytes with them. */
export const isPrefix = (prefix: unknown): boolean =>
  typeof prefix === "string" && /^[a-z][a-z0-9_]{0,40}$/.test(prefix)

/** The clock of the database, in whole milliseconds. */
export const databaseClock = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint"

/**
 * How statements are written for a journal. They name tables as `cano_run`, and the time as `cano_now()`, so that they
 * can be tried by hand.
 */
export interface Dialect {
  readonly prefix: string
  readonly text: (statement: string) => string
}

export const dialectOf = (prefix: string, clock: string = databaseClock): Dialect => ({
  prefix,
  text: (statement) => statement.replaceAll("cano_now()", clock).replace(/\bcano_(?=[a-z])/g, `${prefix}_`)
})
