/** Runs whose data cannot be read or written, and runs that kill their processes: each ends alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { random, type Random, replay } from "effect-cano-testing/Seed"
import { make } from "effect-cano-testing/TestJournal"
import * as Durable from "../../src/Durable.ts"
import * as DurableError from "../../src/DurableError.ts"
import { machineOf } from "../../src/internal/machine/machine.ts"
import * as Store from "../../src/Store.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { clientOf, memory, processOf } from "../support/processes.ts"
import { pass } from "../support/durable.ts"

const Sized = Schema.TaggedUnion({ Start: {}, Middle: { text: Schema.String }, Done: { text: Schema.String } })
const Text = Store.key("text", Schema.String)

/** More than a journal in memory takes. */
const huge = "x".repeat(5 * 1024 * 1024)

/** Gives states of a workflow a compensation. */
const compensating = (workflow: Workflow.Workflow.Any, compensations: Record<string, () => Effect.Effect<void>>) => {
  for (const [tag, compensate] of Object.entries(compensations))
    Object.assign(machineOf(workflow).entries.get(tag)!, { compensate })
}

const mutated = (rng: Random, text: string): string => {
  const at = rng.int(text.length + 1)
  const other = rng.pick(['"', "{", "}", "[", ",", ":", "\\", "\0", "7", "e", "null", "\ud800", "__proto__"])
  return rng.pick([
    text.slice(0, at),
    text.slice(0, at) + other + text.slice(at),
    text.slice(0, at) + other + text.slice(at + 1),
    text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << rng.int(8))) + text.slice(at + 1),
    text.slice(at) + text.slice(0, at),
    text + text
  ])
}

const failed = (journal: Parameters<typeof clientOf>[0], runId: string) =>
  Effect.gen(function* () {
    const client = yield* clientOf(journal)
    yield* pass("40 seconds")
    const info = yield* client(Durable.get(runId))
    assert.strictEqual(info.status, "failed", JSON.stringify(info))
    return info
  })

describe("payloads that cannot be written", () => {
  it.effect("D8: a state that is too large ends its run, in the state before", () =>
    Effect.gen(function* () {
      const workflow = Workflow.make("large", Sized, {
        initial: "Start",
        exits: ["Done"],
        states: {
          Start: { to: ["Middle"], run: () => ({ _tag: "Middle", text: huge }) as const },
          Middle: { to: ["Done"], run: () => ({ _tag: "Done", text: "" }) as const }
        }
      })
      const journal = yield* memory
      const { run } = yield* processOf(journal, [workflow])
      yield* run(Durable.start(workflow, { runId: "r", state: { _tag: "Start" } }))
      const info = yield* failed(journal, "r")
      assert.deepInclude(info, { errorTag: "TooLarge", tag: "Start", transitions: 0 })
    })
  )

  for (const [name, exit] of [
    ["a state", "Middle"],
    ["an exit", "Done"]
  ] as const)
    it.effect(`D8: a store that is too large when the run gets to ${name} ends its run`, () =>
      Effect.gen(function* () {
        const workflow = Workflow.make("large", Sized, {
          initial: "Start",
          exits: ["Done"],
          states: {
            Start: { to: ["Middle", "Done"], run: Effect.as(Store.put(Text, huge), { _tag: exit, text: "" } as const) },
            Middle: { to: ["Done"], run: () => ({ _tag: "Done", text: "" }) as const }
          }
        })
        const journal = yield* memory
        const { run } = yield* processOf(journal, [workflow as never])
        yield* run(Durable.start(workflow, { runId: "r", state: { _tag: "Start" } }))
        const info = yield* failed(journal, "r")
        assert.strictEqual(info.errorTag, "TooLarge")
      })
    )

  it.effect("D8: a failure that is too large, in a store that is too large, ends its run", () =>
    Effect.gen(function* () {
      let attempts = 0
      const workflow = Workflow.make("large", Schema.Literals(["Start", "Done"]), {
        initial: "Start",
        exits: ["Done"],
        states: {
          Start: {
            to: ["Done"],
            run: Effect.gen(function* () {
              attempts++
              yield* Store.put(Text, huge)
              return yield* Effect.fail(huge)
            }) as Effect.Effect<"Done", string, Store.MemoryStore>
          }
        }
      })
      const journal = yield* memory
      const { run } = yield* processOf(journal, [], {
        register: Durable.register(workflow, { errors: Schema.String }) as never
      })
      yield* run(Durable.start(workflow, { runId: "r" }))
      yield* failed(journal, "r")
      assert.strictEqual(attempts, 1)
      const error = yield* Effect.flip(run(Durable.awaitOutcome(workflow, "r")))
      assert.instanceOf(error, DurableError.RunFailed)
    })
  )

  it.effect("D8: a value that does not fit its schema ends its run as NotEncodable", () =>
    Effect.gen(function* () {
      const workflow = Workflow.make("wrong", Sized, {
        initial: "Start",
        exits: ["Done"],
        states: {
          Start: { to: ["Middle"], run: () => ({ _tag: "Middle", text: 7 }) as never },
          Middle: { to: ["Done"], run: () => ({ _tag: "Done", text: "" }) as const }
        }
      })
      const journal = yield* memory
      const { run } = yield* processOf(journal, [workflow])
      yield* run(Durable.start(workflow, { runId: "r", state: { _tag: "Start" } }))
      const info = yield* failed(journal, "r")
      assert.deepInclude(info, { errorTag: "NotEncodable", tag: "Start", transitions: 0 })
    })
  )

  it.effect("D8: values nested deeper than the stack are NotEncodable, at a start and in a run", () =>
    Effect.gen(function* () {
      type Deep = { readonly _tag: "Start" | "Done"; readonly next?: unknown }
      const State = Schema.Union([
        Schema.TaggedStruct("Start", { next: Schema.optionalKey(Schema.Json) }),
        Schema.TaggedStruct("Done", { next: Schema.optionalKey(Schema.Json) })
      ])
      let deep: unknown = 0
      for (let i = 0; i < 100_000; i++) deep = [deep]
      const workflow = Workflow.make(
        "deep",
        State as never,
        {
          initial: "Start",
          exits: ["Done"],
          states: { Start: { to: ["Done"], run: () => ({ _tag: "Done", next: deep }) } }
        } as never
      ) as unknown as Workflow.Workflow<Deep, Deep, never, never, "Start">
      const journal = yield* memory
      const { run } = yield* processOf(journal, [workflow])
      const refused = yield* Effect.flip(
        run(Durable.start(workflow, { runId: "deep", state: { _tag: "Start", next: deep } } as never))
      )
      assert.strictEqual(refused._tag, "NotEncodable")
      yield* run(Durable.start(workflow, { runId: "r", state: { _tag: "Start" } } as never))
      assert.strictEqual((yield* failed(journal, "r")).errorTag, "NotEncodable")
    })
  )

  it.effect("D8: a state that was never entered is not compensated", () =>
    Effect.gen(function* () {
      const undone: Array<string> = []
      const compensate = (name: string) => () => Effect.sync(() => void undone.push(name))
      const workflow = Workflow.make("saga", Sized, {
        initial: "Start",
        exits: ["Done"],
        states: {
          Start: { to: ["Middle"], run: () => ({ _tag: "Middle", text: huge }) as const },
          Middle: { to: ["Done"], run: () => ({ _tag: "Done", text: "" }) as const }
        }
      })
      compensating(workflow, { Start: compensate("Start"), Middle: compensate("Middle") })
      const journal = yield* memory
      const { run } = yield* processOf(journal, [workflow])
      yield* run(Durable.start(workflow, { runId: "r", state: { _tag: "Start" } }))
      yield* failed(journal, "r")
      assert.deepStrictEqual(undone, ["Start"])
    })
  )
})

describe("payloads that cannot be read", () => {
  /** A run that has come to its second state, kept a store, and waits there for its process. */
  const begun = (compensates: boolean) =>
    Effect.gen(function* () {
      const undone: Array<string> = []
      const workflow = Workflow.make("readable", Sized, {
        initial: "Start",
        exits: ["Done"],
        states: {
          Start: {
            to: ["Middle"],
            run: Effect.as(Store.put(Text, "text"), { _tag: "Middle", text: "some text" } as const)
          },
          Middle: {
            to: ["Done"],
            run: Task.make({ run: Effect.as(Effect.sleep("1 minute"), { _tag: "Done", text: "" } as const) })
          }
        }
      })
      if (compensates) compensating(workflow, { Start: () => Effect.sync(() => void undone.push("Start")) })
      const journal = yield* memory
      const first = yield* processOf(journal, [workflow])
      yield* first.run(Durable.start(workflow, { runId: "r", state: { _tag: "Start" } }))
      yield* pass("2 seconds")
      yield* first.close
      return { journal, undone, workflow }
    })

  const broken: ReadonlyArray<string> = [
    "",
    "null",
    "7",
    "{}",
    "[]",
    '{"v":1}',
    '{"v":2,"value":{"_tag":"Middle","text":""}}',
    '{"v":1,"value":{"_tag":"Nowhere"}}',
    '{"v":1,"value":{"_tag":"Middle"}}',
    '{"v":1,"value":{"_tag":"Middle","text":7}}',
    `{"v":1,"value":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    `{"v":1,"value":{"_tag":"Middle","text":"`
  ]

  for (const compensates of [false, true])
    it.effect(
      `D9: a broken state ends its run as Corrupt${compensates ? ", with its compensations" : ""}`,
      () =>
        Effect.gen(function* () {
          for (const text of broken) {
            const { journal, undone, workflow } = yield* begun(compensates)
            const corrupt = (payload: string, what: string) => (what === "state" ? text : payload)
            yield* processOf(journal, [workflow], {
              plan: ({ operation }) => (operation === "claim" ? { corrupt } : undefined)
            })
            const info = yield* failed(journal, "r")
            assert.strictEqual(info.errorTag, "Corrupt", text.slice(0, 100))
            assert.deepStrictEqual(undone, compensates ? ["Start"] : [])
          }
        }),
      30_000
    )

  it.effect("D9: a broken state of a run that compensates does not keep it from its end", () =>
    Effect.gen(function* () {
      const { journal, workflow } = yield* begun(true)
      const client = yield* clientOf(journal)
      // a process that dies when compensations have begun
      const second = yield* processOf(journal, [workflow], {
        plan: ({ argument, operation }) =>
          operation === "append" && (argument as { readonly phase: string }).phase === "compensating"
            ? "CutOffAfter"
            : undefined
      })
      yield* pass("2 seconds")
      yield* client(Durable.cancel("r"))
      yield* pass("8 seconds")
      assert.strictEqual((yield* client(Durable.get("r"))).phase, "compensating")
      yield* second.kill
      const corrupt = () => "{"
      yield* processOf(journal, [workflow], {
        plan: ({ operation }) => (operation === "claim" ? { corrupt } : undefined)
      })
      yield* pass("60 seconds")
      assert.include(["failed", "cancelled"], (yield* client(Durable.get("r"))).status)
    })
  )

  const { runs, seed: first } = replay(1000)

  it.effect(
    `D9: ${runs} mutated journals from seed ${first} give an end or Corrupt, and no defect`,
    () =>
      Effect.gen(function* () {
        const { journal, workflow } = yield* begun(false)
        const client = yield* clientOf(journal)
        let ends = 0
        for (let from = first; from < first + runs; from += 500) {
          const seeds = Array.from({ length: Math.min(500, first + runs - from) }, (_, at) => from + at)
          for (const seed of seeds)
            yield* client(Durable.start(workflow, { runId: `${seed}`, state: { _tag: "Start" } }))
          const rng = random(from)
          const corrupt = (text: string) => mutated(rng, text)
          const handle = make(journal, ({ operation }) => (operation === "claim" ? { corrupt } : undefined))
          const worker = yield* processOf(handle.journal, [workflow], { worker: { concurrency: 1000 } })
          yield* pass("2 minutes")
          yield* worker.close
          const heads = yield* journal.heads(seeds.map(String))
          for (const { errorTag, runId, status } of heads) {
            const hint = `run ${runId}, CANO_SEED=${from}`
            assert.include(["done", "failed"], status, hint)
            if (status === "failed") assert.strictEqual(errorTag, "Corrupt", hint)
          }
          ends += heads.filter(({ status }) => status === "failed").length
        }
        assert.isAbove(ends, runs / 3)
      }),
    600_000
  )
})
