import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Step } from "../../Journal.ts"
import type { Watcher } from "../run/compensating.ts"
import type { Watch } from "../run/start.ts"
import { asked } from "./asked.ts"
import { Meter } from "./meter.ts"
import { StayMetering } from "./stayMetering.ts"
import { StayReporting } from "./stayReporting.ts"
import { StayTracing } from "./stayTracing.ts"
import type { LongWait, StayView } from "./stayView.ts"
import { ObserverKey, SinkKey } from "./sink.ts"
import { isTraced } from "./spans.ts"

/** How a stay began: the run is new, goes on after a wait, was given back by another process, or outlived it. */
export interface Arrival {
  readonly after: "start" | "wait" | "retry" | "release" | "crash"
  /** The wait before the stay, from a time of the journal's clock. */
  readonly waited: (LongWait & { readonly since: number }) | undefined
}

/** Watches a stay and its run. */
export interface StayWatcher {
  /** Watches the run. */
  readonly watcher: Watcher
  /** Stands around the stay. */
  readonly around: (arrival: Arrival, stay: Effect.Effect<void>) => Effect.Effect<void>
}

/**
 * Runs a stay, with the watchers of the fiber around it. `drive` is given the watchers of the run; none if nobody
 * watches.
 */
export const watchStay = (
  view: StayView,
  drive: (watch: Watch | undefined) => Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const all = watchersOf(fiber, view)
    if (all.length === 0) return drive(undefined)
    const stay = Effect.suspend(() => drive({ number: undefined, watchers: all.map(({ watcher }) => watcher) }))
    return Effect.flatMap(arrivalOf(view), (arrival) =>
      all.reduceRight((inner, each) => each.around(arrival, inner), stay)
    )
  })

const watchersOf = (fiber: Fiber.Fiber<unknown, unknown>, view: StayView): ReadonlyArray<StayWatcher> => {
  const sink = Context.getOrUndefined(fiber.context, ObserverKey)?.[SinkKey]
  const meter = Context.getOrUndefined(fiber.context, Meter)
  return [
    ...(isTraced(fiber) ? [new StayTracing(view)] : []),
    ...(sink === undefined ? [] : [new StayReporting(sink, view)]),
    ...(meter === undefined ? [] : [new StayMetering(meter, view)])
  ]
}

/** Reads how the stay began. The head tells nothing of a wait that is over; the latest row does. */
const arrivalOf = ({ head, journal }: StayView): Effect.Effect<Arrival> => {
  const { crashes, createdAt, fence, runId, sequence, updatedAt } = head
  if (crashes > 0) return Effect.succeed(came("crash"))
  const isNew = sequence === 0 && fence === 1
  if (isNew && updatedAt === createdAt) return Effect.succeed(came("start"))
  const latest = journal.steps({ runId, after: sequence - 1, limit: 1, payloads: false })
  // A journal may keep no history.
  return Effect.map(
    asked(latest, () => []),
    ([step]) => {
      // The wait was over before, if this is not the first claim after it.
      const waited = step === undefined || step.fence + 1 !== fence ? undefined : waitOf(step)
      if (isNew) return { after: "start", waited }
      if (waited === undefined) return came("release")
      return { after: waited.for === "retry" ? "retry" : "wait", waited }
    }
  )
}

const came = (after: Arrival["after"]): Arrival => ({ after, waited: undefined })

const waitOf = ({ at, status, wakeAt, waitsFor }: Step): Arrival["waited"] => {
  const wait = { since: at, signal: waitsFor, until: wakeAt }
  if (status === "retrying") return { ...wait, for: "retry" }
  if (status === "waiting") {
    if (waitsFor !== undefined) return { ...wait, for: "signal" }
    return { ...wait, for: wakeAt === undefined ? "children" : "time" }
  }
  // A run that was created to start later.
  return status === "ready" && wakeAt !== undefined && wakeAt > at ? { ...wait, for: "time" } : undefined
}
