import * as Metrics from "effect-cano/Metrics"
import * as Observer from "effect-cano/Observer"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { Prepare, Run } from "../harness/contender.ts"
import { otelTracer } from "./otel.ts"
import { inMemoryTracer } from "./tracer.ts"
import { loadUnwatched } from "./unwatched.ts"
import { makeWatchable } from "./watchable.ts"

const makeRun = (library: typeof Workflow, transitions: number) => {
  const { ring, start, taken } = makeWatchable(library, transitions)
  return { run: library.run(ring), start, taken }
}

/** One long run without a tracer. */
const longRun = (library: typeof Workflow, transitions: number): Run => {
  const { run, start, taken } = makeRun(library, transitions)
  return () => {
    start()
    return Effect.runPromise(run).then(taken)
  }
}

/** Runs of a lap each, one after another in one fiber: the choice between watched and bare is made for every run. */
const shortRuns = (library: typeof Workflow, transitions: number): Run => {
  const { run, start, taken } = makeRun(library, 8)
  return () =>
    Effect.runPromise(
      Effect.suspend(() => {
        let done = 0
        const loop = Effect.whileLoop({
          while: () => done < transitions,
          body: () => {
            start()
            return run
          },
          step: () => {
            done += taken()
          }
        })
        return Effect.map(loop, () => done)
      })
    )
}

export const withoutTracer: Prepare = (transitions) => longRun(Workflow, transitions)
export const unwatched: Prepare = async (transitions) => longRun(await loadUnwatched(), transitions)
export const shortWithoutTracer: Prepare = (transitions) => shortRuns(Workflow, transitions)
export const shortUnwatched: Prepare = async (transitions) => shortRuns(await loadUnwatched(), transitions)

/** A run with something in its context that watches it. */
const watched =
  (watch: <A, E>(run: Effect.Effect<A, E>) => Effect.Effect<unknown, E>): Prepare =>
  (transitions) => {
    const { run, start, taken } = makeRun(Workflow, transitions)
    const program = watch(run)
    return () => {
      start()
      return Effect.runPromise(program).then(taken)
    }
  }

export const withTracer = watched(Effect.provideService(Tracer.Tracer, inMemoryTracer))
export const withOtel = watched(Effect.provideService(Tracer.Tracer, otelTracer))
export const withObserver = watched((run) =>
  Effect.provide(
    run,
    Observer.layer(() => Effect.void)
  )
)
export const withMetrics = watched(Effect.provide(Metrics.layer()))
