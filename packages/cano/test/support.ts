// For the tests of the scheduler.
export { defectsOf, errorOf } from "effect-cano-testing/Runs"
