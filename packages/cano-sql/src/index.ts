/**
 * The journal of effect-cano on an SQL server.
 *
 * @since 0.1.0
 */
export * as SqlJournal from "./SqlJournal.ts"
