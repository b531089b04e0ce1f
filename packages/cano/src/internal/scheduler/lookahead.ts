import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as decision from "./decision.ts"

/** The ticks of a flow from one on, as it stands now. */
export interface Lookahead {
  readonly policy: decision.Policy
  readonly timetable: decision.Timetable
  readonly anchor: number
  readonly first: number | undefined
}

/** The next `n` ticks. */
export const take = ({ anchor, first, policy, timetable }: Lookahead, n: number): Effect.Effect<Array<number>> =>
  Effect.suspend(() => {
    const ticks: Array<number> = []
    let tick = first
    const step = () => {
      if (tick === undefined || ticks.length >= n) return false
      ticks.push(tick)
      tick = ticks.length < n ? decision.nextTick(policy, timetable, anchor, tick) : undefined
      return true
    }
    return Effect.as(walk(timetable, step), ticks)
  })

/** Whether a tick is among the next `n`. */
export const isAmong = ({ anchor, first, timetable }: Lookahead, n: number, tick: number): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    if (first === undefined) return Effect.succeed(false)
    // Not even if there were a tick at every distance that is allowed.
    if (tick < first + n * timetable.spacing) return Effect.succeed(true)
    if (!timetable.isSlow) return Effect.succeed(timetable.count(first, tick, anchor) <= n)
    let last: number | undefined = first
    let count = 1
    const step = () => {
      if (last === undefined || last >= tick || count > n) return false
      last = timetable.next(last, anchor)
      count++
      return true
    }
    return Effect.map(walk(timetable, step), () => count <= n)
  })

/** A tick of a rare date takes some milliseconds to find. After so many of them others get a turn. */
const batchSize = 8

/** Goes from tick to tick. */
const walk = ({ isSlow }: decision.Timetable, step: () => boolean): Effect.Effect<void> => {
  if (!isSlow) return Effect.sync(() => void walkAtMost(Infinity, step))
  return Effect.whileLoop({ while: () => walkAtMost(batchSize, step), body: () => Effect.yieldNow, step: constVoid })
}

/** Whether there may be more ticks. */
const walkAtMost = (steps: number, step: () => boolean): boolean => {
  for (let left = steps; left > 0; left--) if (!step()) return false
  return true
}
