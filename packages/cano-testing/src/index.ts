/**
 * The modules of effect-cano-testing as namespaces.
 *
 * @since 0.1.0
 */
export * as Crash from "./Crash.ts"
export * as InterpreterSuite from "./InterpreterSuite.ts"
export * as JournalRows from "./JournalRows.ts"
export * as JournalSuite from "./JournalSuite.ts"
export * as Machines from "./Machines.ts"
export * as Reference from "./Reference.ts"
export * as Runner from "./Runner.ts"
export * as Runs from "./Runs.ts"
export * as Seed from "./Seed.ts"
export * as SmallMachines from "./SmallMachines.ts"
export * as TaskSuite from "./TaskSuite.ts"
export * as TestJournal from "./TestJournal.ts"
export * as Trial from "./Trial.ts"
