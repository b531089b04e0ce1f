/**
 * The promises of a journal, as tests that any implementation must pass: a database, a file, a service on the network.
 *
 * The promises J1 to J16 stand in the module `Journal`, and each has a section here. The tests run in virtual time: a
 * journal with a clock of its own says with `advance` how its time passes.
 *
 * @example
 * ```ts
 * import type * as Layer from "effect/Layer"
 * import type * as Journal from "effect-cano/Journal"
 * import { journalSuite } from "effect-cano-testing/JournalSuite"
 *
 * declare const layer: Layer.Layer<Journal.Journal>
 *
 * // in a test file of Vitest
 * journalSuite("mine", layer)
 * ```
 *
 * @since 0.1.0
 */
import { describe } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Journal from "effect-cano/Journal"
import { claiming } from "./internal/journal/claiming.ts"
import { creating } from "./internal/journal/creating.ts"
import { ending } from "./internal/journal/ending.ts"
import { families } from "./internal/journal/families.ts"
import { flows } from "./internal/journal/flows.ts"
import { isolation } from "./internal/journal/isolation.ts"
import { listing } from "./internal/journal/listing.ts"
import { model } from "./internal/journal/model.ts"
import { removal } from "./internal/journal/removal.ts"
import { signals } from "./internal/journal/signals.ts"
import { suiteOf } from "./internal/journal/suite.ts"
import { waiting } from "./internal/journal/waiting.ts"
import { workers } from "./internal/journal/workers.ts"
import { writers } from "./internal/journal/writers.ts"
import { writing } from "./internal/journal/writing.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * What the suite has to know of a journal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Lets time pass for the journal. Default: `TestClock.adjust`, for a journal that takes its time from Effect's `Clock`. */
  readonly advance?: ((millis: number) => Effect.Effect<void>) | undefined
  /** The largest payload, in bytes. Default: 4 MiB. */
  readonly maxPayload?: number | undefined
  /** Whether the journal keeps the history of runs. Default: `true`. */
  readonly hasHistory?: boolean | undefined
  /** Random histories that are compared with the memory journal. Default: 200. `CANO_SEED` and `CANO_RUNS` replay one. */
  readonly runs?: number | undefined
  /** Two journals over the same rows, such as two connections. Default: one journal, twice. */
  readonly pair?: Effect.Effect<readonly [Journal.Shape, Journal.Shape], unknown, Scope.Scope> | undefined
}

// -----------------------------------------------------------------------------
// suites
// -----------------------------------------------------------------------------

const groups = [
  creating,
  writing,
  isolation,
  claiming,
  workers,
  signals,
  waiting,
  ending,
  families,
  flows,
  listing,
  removal,
  writers,
  model
]

/**
 * Defines the tests, in a `describe` with a name. The layer is built for each test, and has to give an empty journal.
 *
 * @category suites
 * @since 0.1.0
 */
export const journalSuite = (name: string, layer: Layer.Layer<Journal.Journal, unknown>, options?: Options): void => {
  describe(name, () => {
    const suite = suiteOf(layer, options)
    for (const group of groups) group(suite)
  })
}
