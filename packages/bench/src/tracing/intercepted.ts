import * as Interpreter from "effect-cano/Interpreter"
import * as Workflow from "effect-cano/Workflow"
import * as Effect from "effect/Effect"
import type { Prepare } from "../harness/contender.ts"
import { makeWatchable } from "./watchable.ts"

/** A run with interceptors that do next to nothing: the cost of the seam itself. */
const intercepted =
  (interceptors: ReadonlyArray<Interpreter.Interceptor>): Prepare =>
  (transitions) => {
    const { ring, start, taken } = makeWatchable(Workflow, transitions)
    const run = Interpreter.run(ring, { interceptors })
    return () => {
      start()
      return Effect.runPromise(run).then(taken)
    }
  }

export const byNobody = intercepted([])
export const passing = intercepted([{ state: (_run, inner) => inner }])
export const mapping = intercepted([{ state: (_run, inner) => Effect.map(inner, (next) => next) }])
