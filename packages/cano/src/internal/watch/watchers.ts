import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { Interceptor } from "../../Interpreter.ts"
import type { Watch } from "../run/start.ts"
import { Meter } from "./meter.ts"
import { Metering } from "./metering.ts"
import { Reporting } from "./reporting.ts"
import { ObserverKey, SinkKey } from "./sink.ts"
import { isTraced } from "./spans.ts"
import { tracing } from "./tracing.ts"

/** Who watches the runs of a fiber: a tracer, an observer and metrics, as far as its context has them. */
export const watchOf = (fiber: Fiber.Fiber<unknown, unknown>): Watch | undefined => {
  const traced = isTraced(fiber)
  const sink = Context.getOrUndefined(fiber.context, ObserverKey)?.[SinkKey]
  const meter = Context.getOrUndefined(fiber.context, Meter)
  if (!traced && sink === undefined && meter === undefined) return undefined
  const watchers: Array<Interceptor> = []
  if (traced) watchers.push(tracing)
  if (sink !== undefined) watchers.push(new Reporting(sink))
  if (meter !== undefined) watchers.push(new Metering(meter))
  return { number: sink?.nextRun, watchers }
}

/** Who watches a single step: it is no run, so nobody counts it or tells of it. */
export const stepWatchOf = (fiber: Fiber.Fiber<unknown, unknown>): Watch | undefined =>
  isTraced(fiber) ? { number: undefined, watchers: [tracing] } : undefined
