/** Compensations, compared with a plain list of the states that a run must undo. */
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { makeUnchecked } from "../../Runs.ts"
import { type Random, random, replay } from "../../Seed.ts"
import type { Suite } from "./suite.ts"

class Down extends Data.TaggedError("Down")<{ readonly visit: number }> {}
class Stuck extends Data.TaggedError("Stuck")<{ readonly visit: number }> {}

const tags = ["A", "B", "C", "D"]

interface State {
  readonly _tag: string
  /** Counts the states before this one. */
  readonly visit: number
}

/** A saga: the path of its run, and which of its states have a compensation. */
interface Saga {
  readonly path: ReadonlyArray<string>
  readonly compensated: ReadonlySet<string>
  /** The visits whose compensation fails. */
  readonly stuck: ReadonlySet<number>
  /** The visits whose work is a plain value. */
  readonly plain: ReadonlySet<number>
  /** Whether the run is compensated at its exit. */
  readonly isRefused: boolean
}

const arbitrary = (seeded: Random): Saga => {
  const path = ["A", ...Array.from({ length: seeded.int(6) }, () => seeded.pick(tags))]
  const visits = path.map((_, visit) => visit)
  return {
    path,
    compensated: new Set(tags.filter(() => seeded.chance(0.7))),
    stuck: new Set(visits.filter(() => seeded.chance(0.2))),
    plain: new Set(visits.filter(() => seeded.chance(0.5))),
    isRefused: seeded.chance(0.3)
  }
}

/** The end that a test injects into a visit. */
type Injected = "failure" | "defect" | "interruption"

interface Fault {
  readonly visit: number
  readonly end: Injected
}

interface Undone {
  readonly visit: number
  readonly next: string | undefined
}

/** Lists the compensations of a run, as the documentation says. */
const expectedOf = ({ compensated, isRefused, path }: Saga, fault: Fault | undefined): ReadonlyArray<Undone> => {
  if (fault === undefined && !isRefused) return []
  const last = fault?.visit ?? path.length - 1
  const exit = fault === undefined ? "Refused" : undefined
  return path
    .slice(0, last + 1)
    .map((tag, visit) => ({ tag, visit, next: visit === last ? exit : path[visit + 1] }))
    .filter(({ tag }) => compensated.has(tag))
    .map(({ next, visit }) => ({ visit, next }))
    .toReversed()
}

const schema = Schema.Union([
  ...tags.map((tag) => Schema.TaggedStruct(tag, { visit: Schema.Number })),
  Schema.TaggedStruct("Done", { visit: Schema.Number }),
  Schema.TaggedStruct("Refused", { visit: Schema.Number })
])

const workflowOf = (saga: Saga, fault: Fault | undefined, undone: Array<Undone>, reached: Latch.Latch) => {
  const exit = saga.isRefused ? "Refused" : "Done"
  const run = ({ visit }: State): unknown => {
    const next = { _tag: saga.path[visit + 1] ?? exit, visit: visit + 1 }
    if (fault?.visit === visit) {
      if (fault.end === "failure") return Effect.fail(new Down({ visit }))
      if (fault.end === "interruption") return Effect.andThen(reached.open, Effect.never)
      throw new Error("injected")
    }
    return saga.plain.has(visit) ? next : Effect.as(Effect.yieldNow, next)
  }
  const compensate = ({ visit }: State, next: Option.Option<State>) => {
    const undo = Effect.sync(() => undone.push({ visit, next: Option.getOrUndefined(next)?._tag }))
    return saga.stuck.has(visit) ? Effect.andThen(undo, Effect.fail(new Stuck({ visit }))) : undo
  }
  const state = (tag: string) => ({
    to: [...tags, "Done", "Refused"],
    run,
    ...(saga.compensated.has(tag) ? { compensate } : {})
  })
  return makeUnchecked("saga", schema, {
    initial: "A",
    exits: ["Done", "Refused"],
    compensateOn: ["Refused"],
    states: Object.fromEntries(tags.map((tag) => [tag, state(tag)]))
  })
}

export const sagas = ({ given, run, sizes }: Suite): void => {
  const check = Effect.fnUntraced(function* (saga: Saga, fault: Fault | undefined, what: string) {
    const undone: Array<Undone> = []
    const reached = Latch.makeUnsafe()
    const fiber = yield* Effect.forkChild(run(workflowOf(saga, fault, undone, reached), { _tag: "A", visit: 0 }))
    if (fault?.end === "interruption") yield* Effect.andThen(reached.await, Fiber.interrupt(fiber))
    const exit = yield* Fiber.await(fiber)
    const expected = expectedOf(saga, fault)
    assert.deepStrictEqual(undone, expected, what)
    const failing = expected.filter(({ visit }) => saga.stuck.has(visit)).map(({ visit }) => new Stuck({ visit }))
    const own = fault === undefined ? [] : [fault.end === "failure" ? new Down({ visit: fault.visit }) : fault.end]
    const found = Exit.isSuccess(exit) ? [] : exit.cause.reasons.map(errorOf)
    assert.deepStrictEqual(found, [...own, ...failing], what)
  })

  const checkAll = (ends: ReadonlyArray<Injected>) =>
    Effect.gen(function* () {
      const { runs, seed: first } = replay(Math.ceil(sizes.machines / 20))
      for (let seed = first; seed < first + runs; seed++) {
        const saga = arbitrary(random(seed))
        yield* check(saga, undefined, `seed ${seed}, no fault`)
        for (const visit of saga.path.keys()) {
          for (const end of ends) yield* check(saga, { visit, end }, `seed ${seed}, ${end} in visit ${visit}`)
        }
      }
    })

  describe("compensations of random sagas are those of a plain list", () => {
    given("once", "compensations").effect("with a failure or a defect in each of their visits", () =>
      checkAll(["failure", "defect"])
    )

    given("once", "compensations", "interruptions").effect("with an interruption in each of their visits", () =>
      checkAll(["interruption"])
    )
  })
}

/** An error of the saga, or else the kind of an end. Failures of compensations are defects after an interruption. */
const errorOf = (reason: Cause.Reason<unknown>): unknown => {
  if (Cause.isInterruptReason(reason)) return "interruption"
  if (Cause.isFailReason(reason)) return reason.error
  return reason.defect instanceof Stuck ? reason.defect : "defect"
}
