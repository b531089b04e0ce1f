import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { Watcher } from "../run/compensating.ts"
import type { Watch } from "../run/start.ts"
import { Meter } from "./meter.ts"
import { Metering } from "./metering.ts"
import { Reporting } from "./reporting.ts"
import { ObserverKey, SinkKey } from "./sink.ts"
import { isTraced } from "./spans.ts"
import { tracing } from "./tracing.ts"

/** The latest context in which a run found no watcher. Most runs of a process start in the same one, so they look once. */
let unwatched: Context.Context<never> | undefined

/** The watchers of a fiber's runs: the tracer, the observer and the metrics of its context, if it has them. */
export const watchOf = (fiber: Fiber.Fiber<unknown, unknown>): Watch | undefined => {
  const { context } = fiber
  if (context === unwatched) return undefined
  const traced = isTraced(fiber)
  const sink = Context.getOrUndefined(context, ObserverKey)?.[SinkKey]
  const meter = Context.getOrUndefined(context, Meter)
  if (!traced && sink === undefined && meter === undefined) {
    unwatched = context
    return undefined
  }
  const watchers: Array<Watcher> = []
  if (traced) watchers.push(tracing)
  if (sink !== undefined) watchers.push(new Reporting(sink))
  if (meter !== undefined) watchers.push(new Metering(meter))
  return { number: sink?.nextRun, watchers }
}

/** The watchers of a single step: the tracer alone. A step is no run, so it has no events and no metrics. */
export const stepWatchOf = (fiber: Fiber.Fiber<unknown, unknown>): Watch | undefined =>
  isTraced(fiber) ? { number: undefined, watchers: [tracing] } : undefined
