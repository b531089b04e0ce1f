import * as Effect from "effect/Effect"
import { Corrupt } from "../../DurableError.ts"
import type { Loaded, Undo } from "../../Journal.ts"
import { type AnyState, tagOf } from "../machine/state.ts"
import type { Ending } from "./ending.ts"
import type { Ledger } from "./ledger.ts"
import { codecOf } from "./payloads.ts"
import type { Migration, Registered } from "./registry.ts"

/** Reads the state of a run. A run of an older version becomes one of this version, with a row that says so. */
export const readState = (
  { definition, machine, migrations }: Registered,
  ledger: Ledger,
  ending: Ending,
  loaded: Loaded
): Effect.Effect<AnyState, any> => {
  const { head, state: text } = loaded
  const migration = head.fingerprint === definition.fingerprint ? undefined : migrations.get(head.fingerprint)
  const codec = codecOf(machine.schema)
  const read =
    migration === undefined ? codec.decode(head.runId, "state", text) : migrated(migration, head.runId, "state", text)
  return Effect.flatMap(read, (state: AnyState) => {
    const tag = tagOf(state)
    if (tag === undefined || !machine.entries.has(tag))
      return Effect.fail(new Corrupt({ runId: head.runId, what: "state", cause: "no such state" }))
    if (migration === undefined) return Effect.succeed(state)
    return Effect.gen(function* () {
      const undo = yield* Effect.forEach(ending.all, (undo) => migratedUndo(migration, codec.encode, head.runId, undo))
      const text = yield* codec.encode(head.runId, "state", state)
      ending.keep(undo)
      const { error, errorTag, phase } = head
      yield* ledger.write({
        status: "running",
        phase,
        outcome: loaded.outcome,
        errorTag,
        error,
        tag,
        state: text,
        undo
      })
      return state
    })
  })
}

const migrated = (
  { from, to }: Migration,
  runId: string,
  what: string,
  text: string
): Effect.Effect<AnyState, Corrupt> =>
  Effect.flatMap(codecOf(from).decode(runId, what, text), (old) =>
    Effect.try({ try: () => to(old), catch: (cause) => new Corrupt({ runId, what, cause }) })
  )

/** What has to be undone is undone by this version, so its states become states of this version too. */
const migratedUndo = Effect.fnUntraced(function* (
  migration: Migration,
  encode: ReturnType<typeof codecOf>["encode"],
  runId: string,
  undo: Undo
) {
  const again = (text: string) =>
    Effect.flatMap(migrated(migration, runId, "undo", text), (state) =>
      Effect.map(encode(runId, "undo", state), (text) => ({ tag: tagOf(state) ?? "", text }))
    )
  const entered = yield* again(undo.entered)
  const next = undo.next === undefined ? undefined : yield* again(undo.next)
  return { ...undo, tag: entered.tag, entered: entered.text, next: next?.text }
})
