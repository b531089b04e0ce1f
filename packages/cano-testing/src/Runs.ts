/**
 * Helpers for tests of workflows: workflows past the types, parts of exits, and runs in virtual time.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Workflow from "effect-cano/Workflow"

/**
 * A workflow as an untyped caller sees it.
 *
 * @category models
 * @since 0.1.0
 */
export type Unchecked = Workflow.Workflow<any, any, any, never, string>

/**
 * Makes a workflow without checks of types, for wiring that does not compile and for machines made at run time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnchecked = Workflow.make as unknown as (
  name: string,
  schema: Schema.Codec<any, any, any, any>,
  options: object
) => Unchecked

/**
 * Gives the first typed failure of an exit, if there is one.
 *
 * @category exits
 * @since 0.1.0
 */
export const errorOf = <A, E>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined

/**
 * Gives the defects of an exit.
 *
 * @category exits
 * @since 0.1.0
 */
export const defectsOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<unknown> =>
  Exit.isFailure(exit) ? exit.cause.reasons.filter(Cause.isDieReason).map((reason) => reason.defect) : []

/**
 * Gives the place where the run of an exit failed.
 *
 * @category exits
 * @since 0.1.0
 */
export const placeOf = (exit: Exit.Exit<unknown, unknown>): Workflow.FailedAt["Service"] | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Workflow.failedAt(exit.cause)) : undefined

/**
 * Runs an effect while the test clock moves on, by default for a day, and gives the exit of the effect.
 *
 * The effect starts after a sleep of a millisecond, because the clock waits only for fibers that it has woken.
 *
 * @category running
 * @since 0.1.0
 */
export const inVirtualTime = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.Input = "1 day") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.delay(effect, 1))
    yield* TestClock.adjust(time)
    return yield* Fiber.await(fiber)
  })

/**
 * Runs an effect in virtual time, and gives its exit and its duration in milliseconds.
 *
 * @category running
 * @since 0.1.0
 */
export const timed = (
  effect: Effect.Effect<unknown, unknown>
): Effect.Effect<readonly [Exit.Exit<unknown, unknown>, number]> =>
  inVirtualTime(
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis
      const exit = yield* Effect.exit(effect)
      return [exit, (yield* Clock.currentTimeMillis) - start] as const
    })
  ).pipe(Effect.flatten)
