/** The program of a user: `pnpm package:check` compiles and runs it with the packed packages. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Scheduler, Trigger } from "effect-cano"
import { Main, SqliteJournal } from "effect-cano-node"
import { run } from "effect-cano-node/Main"

// The barrel and the sub-path are one module.
if (run !== Main.run) throw new Error("two copies")

const schedules = Scheduler.layerFlows([Scheduler.flow("hello", Trigger.every("1 hour"), Console.log("hello"))])

// @ts-expect-error the published types refuse a layer that was not launched
export const unlaunched = () => Main.run(schedules)

// @ts-expect-error the published types refuse an option that does not exist
export const misspelt = () => SqliteJournal.layer({ file: ":memory:", sync: "full" })

/** A signal to itself ends the program, and the process with 0. */
const stop = Effect.andThen(
  Effect.sleep(50),
  Effect.sync(() => process.kill(process.pid, "SIGTERM"))
)

Main.run(Effect.andThen(Effect.forkDetach(stop), Layer.launch(schedules)))
