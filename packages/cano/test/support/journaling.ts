/** A journal in memory, and the dozen lines of an interceptor that writes it: the seam that durable runs stand on. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { errorOf } from "effect-cano-testing/Runs"
import * as Interpreter from "../../src/Interpreter.ts"
import type * as Workflow from "../../src/Workflow.ts"

export interface Row {
  readonly sequence: number
  readonly state: unknown
}

/** The process ends at an append. No policy retries it, and no error edge catches it. */
export class Crash extends Data.TaggedError("Crash")<{ readonly when: "before" | "after" }> {}

/** Rows, and whether the process crashes before or after an append. Appends are counted over all resumptions. */
export class Journal {
  readonly rows: Array<Row> = []
  private appends = 0
  private readonly crashAt: (append: number) => Crash["when"] | undefined

  constructor(crashAt: (append: number) => Crash["when"] | undefined = () => undefined) {
    this.crashAt = crashAt
  }

  append(run: Interpreter.Run): Effect.Effect<void, Crash> {
    return Effect.suspend(() => {
      const when = this.crashAt(this.appends++)
      if (when === "before") return Effect.fail(new Crash({ when }))
      // A resumed run writes the row again that it was resumed from.
      this.rows[run.transitions] = { sequence: run.transitions, state: run.state }
      return when === undefined ? Effect.void : Effect.fail(new Crash({ when }))
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

/** Runs a workflow to its end, however often it crashes. */
export const resumeUntilDone = (
  self: Workflow.Workflow.Any,
  journal: Journal,
  start?: unknown
): Effect.Effect<any, any, any> =>
  Effect.flatMap(Effect.exit(resume(self, journal, start)), (exit) =>
    errorOf(exit) instanceof Crash ? resumeUntilDone(self, journal, start) : exit
  )
