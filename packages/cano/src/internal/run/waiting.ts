import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Signals } from "../../Signal.ts"
import { MailboxesKey } from "../mailboxes.ts"
import { waited } from "./outside.ts"
import { type AnyEffect, type Handler, toEffect } from "../machine/output.ts"
import type { WaitFor, WaitForSignal, WaitForTime } from "../machine/task.ts"

/*
 * Waits of runs that keep their fiber. An interpreter that can wait without a fiber reads `WaitFor` instead.
 */

/** Makes the handler of a task that waits. */
export const waiting = (waitFor: WaitFor): Handler =>
  waitFor._tag === "Time"
    ? (state) => waited(waitFor, state, timed(waitFor, state))
    : (state) => waited(waitFor, state, signalled(waitFor, state))

const timed = ({ next, until }: WaitForTime, state: unknown): AnyEffect =>
  Clock.clockWith((clock) => {
    const passed = hasPassed(until(state, clock.currentTimeMillisUnsafe()))
    return Effect.flatMap(passed, () => toEffect(next(state)))
  })

/** Waits for a time, and never ends early: a timer may fire a little before its time, and a clock may be set back. */
const hasPassed = (until: number): Effect.Effect<void> =>
  Clock.clockWith((clock) => {
    const left = until - clock.currentTimeMillisUnsafe()
    return left > 0 ? Effect.andThen(clock.sleep(Duration.millis(left)), hasPassed(until)) : Effect.void
  })

const signalled = ({ deadline, onTimeout, onValue, signal }: WaitForSignal, state: unknown): AnyEffect =>
  Effect.withFiber((fiber) => {
    const mailboxes = Context.getUnsafe(fiber.context as Context.Context<Signals>, Signals)[MailboxesKey]
    const clock = fiber.getRef(Clock.Clock)
    const until = deadline?.(state, clock.currentTimeMillisUnsafe()) ?? Infinity
    const arrival = mailboxes.arrival(signal)
    // A value is taken in the step that hands it on, so nothing can come between. It wins over a deadline of the same time.
    const look: AnyEffect = Effect.suspend(() => {
      const polled = mailboxes.poll(signal)
      if (polled !== undefined) {
        return Exit.isSuccess(polled) ? toEffect(onValue(polled.value, state)) : Effect.orDie(polled)
      }
      const left = until - clock.currentTimeMillisUnsafe()
      if (left <= 0) return toEffect(onTimeout(state))
      return Effect.andThen(left === Infinity ? arrival : Effect.timeoutOption(arrival, left), look)
    })
    return look
  })
