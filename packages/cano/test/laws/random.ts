// For the tests of the scheduler.
export { type Random, random, replay } from "effect-cano-testing/Seed"
