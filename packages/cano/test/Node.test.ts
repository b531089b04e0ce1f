import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { defectsOf, errorOf, inVirtualTime } from "effect-cano-testing/Runs"
import * as Node from "../src/Node.ts"
import * as Retry from "../src/Retry.ts"
import * as Store from "../src/Store.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"

const phases = ["prep", "exec", "post"] as const
type Phase = (typeof phases)[number]

class PhaseFailed extends Data.TaggedError("PhaseFailed")<{ readonly phase: Phase; readonly attempt: number }> {}

describe("the phases", () => {
  it.effect("W5 run in order, each with what the one before gave; post sees the state as well", () =>
    Effect.gen(function* () {
      const state = { _tag: "Start", id: 7 }
      const seen: Array<unknown> = []
      const node = Node.make({
        prep: (s: typeof state) => (seen.push(s), Effect.succeed({ loaded: s.id })),
        exec: (prepared) => (seen.push(prepared), Effect.succeed(prepared.loaded * 2)),
        post: (result, s) => (seen.push(result, s), Effect.succeed("Done"))
      })
      assert.strictEqual(yield* Task.run(node, state), "Done")
      assert.deepStrictEqual(seen, [state, { loaded: 7 }, 14, state])
      assert.strictEqual(seen[0], state)
      assert.strictEqual(seen[3], state)
    })
  )

  const forms = {
    "plain functions": Node.make({ prep: () => 1, exec: (n) => n + 1, post: (n) => `${n}` }),
    Effects: Node.make({
      prep: Effect.succeed(1),
      exec: (n) => Effect.succeed(n + 1),
      post: (n) => Effect.succeed(`${n}`)
    }),
    "Effects that suspend": Node.make({
      prep: Effect.as(Effect.yieldNow, 1),
      exec: (n: number) => Effect.as(Effect.yieldNow, n + 1),
      post: (n: number) => Effect.as(Effect.yieldNow, `${n}`)
    }),
    "generator functions": Node.make({
      prep: function* () {
        yield* Effect.yieldNow
        return 1
      },
      exec: function* (n) {
        yield* Effect.yieldNow
        return n + 1
      },
      post: function* (n) {
        yield* Effect.yieldNow
        return `${n}`
      }
    })
  }
  for (const [form, node] of Object.entries(forms)) {
    it.effect(`may be ${form}`, () =>
      Effect.gen(function* () {
        assert.isTrue(Task.isTask(node))
        assert.strictEqual(yield* Task.run(node), "2")
      })
    )
  }

  it.effect("use the store in prep and post", () =>
    Effect.gen(function* () {
      const Text = Store.key("text", Schema.String)
      const Size = Store.key("size", Schema.Number)
      const node = Node.make({
        prep: Store.get(Text),
        exec: (text) => text.length,
        post: (size) => Effect.as(Store.put(Size, size), "Done")
      })
      yield* Store.put(Text, "hello")
      assert.strictEqual(yield* Task.run(node), "Done")
      assert.strictEqual(yield* Store.get(Size), 5)
    }).pipe(Effect.provide(Store.MemoryStore.layer))
  )
})

/** A node whose phase fails in its first attempts, and what it did. */
const failing = (phase: Phase, failures: number, retries: number | undefined, how: "fail" | "die") => {
  const log: Array<string> = []
  let attempt = 0
  const enter = (current: Phase) =>
    Effect.suspend(() => {
      if (current === "prep") attempt++
      log.push(`${current} ${attempt}`)
      if (current !== phase || attempt > failures) return Effect.succeed(attempt)
      return how === "die" ? Effect.die(`${phase} ${attempt}`) : Effect.fail(new PhaseFailed({ phase, attempt }))
    })
  const node = Node.make({
    retry: retries === undefined ? undefined : Retry.fixed(retries, "1 second"),
    prep: enter("prep"),
    exec: () => enter("exec"),
    post: () => Effect.as(enter("post"), "Done" as const)
  })
  return { log, node }
}

const ways: Record<string, (node: Task.Task<unknown, "Done", PhaseFailed>) => Effect.Effect<string, PhaseFailed>> = {
  "Task.run": (node) => Task.run(node),
  "a workflow": (node) =>
    Workflow.run(
      Workflow.make("w", Schema.Literals(["Start", "Done"]), {
        initial: "Start",
        exits: ["Done"],
        states: { Start: { to: ["Done"], run: node } }
      })
    )
}

for (const [name, way] of Object.entries(ways)) {
  describe(`retry in ${name}`, () => {
    for (const phase of phases) {
      for (const retries of [undefined, 0, 1, 2, 3]) {
        for (const failures of [0, 1, 2, 3, 4, 5]) {
          const attempts = Math.min(failures, retries ?? 0) + 1
          it.effect(`W5 ${phase} fails ${failures} times, ${retries ?? "no"} retries: ${attempts} whole cycles`, () =>
            Effect.gen(function* () {
              const { log, node } = failing(phase, failures, retries, "fail")
              const exit = yield* inVirtualTime(way(node))
              const expected = Array.from({ length: attempts }, (_, i) =>
                phases
                  .slice(0, i < failures ? phases.indexOf(phase) + 1 : undefined)
                  .map((current) => `${current} ${i + 1}`)
              ).flat()
              assert.deepStrictEqual(log, expected)
              if (attempts > failures) assert.deepStrictEqual(exit, Exit.succeed("Done"))
              else assert.deepStrictEqual(errorOf(exit), new PhaseFailed({ phase, attempt: attempts }))
            })
          )
        }
      }

      it.effect(`W7 a defect in ${phase} is not retried`, () =>
        Effect.gen(function* () {
          const { log, node } = failing(phase, 1, 3, "die")
          const exit = yield* inVirtualTime(way(node))
          assert.deepStrictEqual(defectsOf(exit), [`${phase} 1`])
          assert.deepStrictEqual(
            log,
            phases.slice(0, phases.indexOf(phase) + 1).map((current) => `${current} 1`)
          )
        })
      )
    }

    it.effect("W5 exec alone repeats where Effect.retry is piped on it", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const note = (phase: Phase) => Effect.sync(() => log.push(phase))
        let left = 2
        const exec = Effect.andThen(
          note("exec"),
          Effect.suspend(() =>
            left-- > 0 ? Effect.fail(new PhaseFailed({ phase: "exec", attempt: left })) : Effect.succeed(1)
          )
        )
        const node = Node.make({
          prep: note("prep"),
          exec: () => Effect.retry(exec, Retry.fixed(2, "1 second")),
          post: () => Effect.as(note("post"), "Done" as const)
        })
        assert.deepStrictEqual(yield* inVirtualTime(way(node)), Exit.succeed("Done"))
        assert.deepStrictEqual(log, ["prep", "exec", "exec", "exec", "post"])
      })
    )

    it.effect("attemptTimeout bounds one whole cycle, and is retried", () =>
      Effect.gen(function* () {
        let cycles = 0
        const nap = Effect.sleep("400 millis")
        const node = Node.make({
          name: "slow",
          attemptTimeout: "1 second",
          retry: Retry.fixed(1, 0),
          prep: Effect.andThen(
            nap,
            Effect.sync(() => cycles++)
          ),
          exec: () => nap,
          post: () => Effect.as(nap, "Done" as const)
        })
        const timed = yield* inVirtualTime(Effect.timed(Effect.exit(way(node as never))))
        const [time, exit] = Exit.isSuccess(timed) ? timed.value : assert.fail("never")
        assert.strictEqual(cycles, 2)
        assert.strictEqual(Duration.toMillis(time), 2000)
        assert.instanceOf(errorOf(exit), Task.AttemptTimeout)
      })
    )
  })
}
