/** What several test files share: machines past the types, exits taken apart, and runs in virtual time. */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { ConfigurationError } from "../src/ConfigurationError.ts"
import * as Workflow from "../src/Workflow.ts"

/** A workflow as an untyped caller sees it. */
export type Unchecked = Workflow.Workflow<any, any, any, never, string>

/** `Workflow.make` as an untyped caller sees it: for wiring that does not compile, and for machines made at run time. */
export const makeUnchecked = Workflow.make as unknown as (
  name: string,
  schema: Schema.Codec<any, any, any, any>,
  options: object
) => Unchecked

/** The typed failure of an exit. */
export const errorOf = <A, E>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined

/** The defects of an exit. */
export const defectsOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<unknown> =>
  Exit.isFailure(exit) ? exit.cause.reasons.filter(Cause.isDieReason).map((reason) => reason.defect) : []

/** Where the run behind an exit failed. */
export const placeOf = (exit: Exit.Exit<unknown, unknown>): Workflow.FailedAt["Service"] | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Workflow.failedAt(exit.cause)) : undefined

/**
 * Runs an effect while the test clock passes, by default for a day, and gives its exit. It starts out of a sleep, because
 * the clock waits for the fibers that it woke, and for those alone.
 */
export const inVirtualTime = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.Input = "1 day") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.delay(effect, 1))
    yield* TestClock.adjust(time)
    return yield* Fiber.await(fiber)
  })

/** The error that a definition is refused with. */
export const refusal = (define: () => unknown): ConfigurationError => {
  try {
    define()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error("The definition was accepted")
}
