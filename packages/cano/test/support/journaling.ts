/** A journal in memory, and the dozen lines of an interceptor that writes it: the seam that durable runs stand on. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Interpreter from "../../src/Interpreter.ts"
import type * as Workflow from "../../src/Workflow.ts"

export interface Row {
  readonly sequence: number
  readonly state: unknown
}

/** The process ends at an append. It is an interruption of nobody: no policy retries it and no error edge catches it. */
export class Crash extends Data.TaggedError("Crash")<{ readonly before: boolean }> {}

/** Rows, and the append at which the process crashes next, if it does. */
export class Journal {
  readonly rows: Array<Row> = []
  appends = 0
  crash: { readonly at: number; readonly before: boolean } | undefined = undefined

  append(run: Interpreter.Run): Effect.Effect<void, Crash> {
    return Effect.suspend(() => {
      const crash = this.crash?.at === this.appends++ ? this.crash : undefined
      if (crash?.before) return Effect.fail(new Crash(crash))
      // A resumed run writes the row again that it was resumed from.
      this.rows[run.transitions] = { sequence: run.transitions, state: run.state }
      return crash === undefined ? Effect.void : Effect.fail(new Crash(crash))
    })
  }
}

/** A row before each state, and one for the exit. */
const journaling = (journal: Journal): Interpreter.Interceptor<Crash> => ({
  state: (run, inner) => Effect.andThen(journal.append(run), inner),
  run: (run, inner) => Effect.tap(inner, () => journal.append(run))
})

/** Runs a workflow from the last row of a journal, or from its start. */
export const resume = (self: Workflow.Workflow.Any, journal: Journal, start?: unknown): Effect.Effect<any, any, any> =>
  Effect.suspend(() => {
    const last = journal.rows.at(-1)
    const { sequence, state } = last ?? { sequence: 0, state: start }
    return Interpreter.run(self, { state, transitions: sequence, interceptors: [journaling(journal)] })
  })
