/**
 * @since 0.1.0
 */
export * as Main from "./Main.ts"
export * as SqliteJournal from "./SqliteJournal.ts"
