/**
 * An agent loop whose model calls are not paid twice. The process is killed after the second call; the next process goes
 * on with the third one. Two tools run at once, each kept by a checkpoint.
 */
import { spawnSync } from "node:child_process"
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Durable from "effect-cano/Durable"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as SqliteJournal from "effect-cano-node/SqliteJournal"

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "cano-"))
const isChild = process.argv[2] !== undefined
const bill = join(folder, "bill.txt")

// What the model says, in order. Each call costs: it is written on the bill.
const answers = ["look up two cities", "compare them", "Lisbon"]
const model = (turn: number) =>
  Effect.sync(() => {
    appendFileSync(bill, `call ${turn}\n`)
    return answers[turn] ?? "done"
  })

// #region agent
const Agent = Schema.TaggedUnion({
  Think: { turn: Schema.Int, notes: Schema.Array(Schema.String) },
  Act: { turn: Schema.Int, notes: Schema.Array(Schema.String) },
  Answer: { text: Schema.String }
})

const weather = (city: string) => Effect.succeed(`${city}: 21 degrees`)

const agent = Workflow.make("agent", Agent, {
  initial: "Think",
  exits: ["Answer"],
  states: {
    // One call, one state: what was paid is a row before anything else happens.
    Think: {
      to: ["Act", "Answer"],
      run: function* ({ turn, notes }) {
        const said = yield* model(turn)
        if (turn === 2) return { _tag: "Answer", text: said }
        return { _tag: "Act", turn, notes: [...notes, said] }
      }
    },
    Act: {
      to: ["Think"],
      run: Task.fork({
        branches: {
          lisbon: weather("Lisbon").pipe(Durable.checkpoint("lisbon", Schema.String)),
          oslo: weather("Oslo").pipe(Durable.checkpoint("oslo", Schema.String))
        },
        join: ({ lisbon, oslo }, { turn, notes }: { readonly turn: number; readonly notes: ReadonlyArray<string> }) =>
          Effect.sync(() => {
            // the power goes out, once
            if (isChild && turn === 1) process.kill(process.pid, "SIGKILL")
            return { _tag: "Think", turn: turn + 1, notes: [...notes, lisbon, oslo] }
          })
      })
    }
  }
})
// #endregion

const worker = Durable.register(agent).pipe(
  Layer.provideMerge(Durable.layer({ staleAfter: "1 second", poll: "100 millis" })),
  Layer.provide(SqliteJournal.layer({ file: join(folder, "runs.db") }))
)

const run = Durable.run(agent, { runId: "question-1", state: { _tag: "Think", turn: 0, notes: [] } }).pipe(
  Effect.provide(worker)
)

const program = Effect.gen(function* () {
  if (isChild) return yield* Effect.asVoid(run)
  const { signal } = spawnSync(process.execPath, [import.meta.filename, folder])
  yield* Console.log(`the first process ended by ${signal}`)
  yield* Console.log(yield* run)
  yield* Console.log(`the bill:\n${readFileSync(bill, "utf8").trim()}`)
  rmSync(folder, { recursive: true })
})

program.pipe(NodeRuntime.runMain)
