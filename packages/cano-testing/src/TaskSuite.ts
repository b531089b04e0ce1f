/**
 * The behaviour of tasks and nodes, as tests that any way to run them must pass: `Task.run`, and each interpreter of
 * workflows. The tests count attempts.
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import { defectsOf, errorOf, inVirtualTime } from "./Runs.ts"

/**
 * A way to run a task. It succeeds and fails as the task does.
 *
 * @category models
 * @since 0.1.0
 */
export interface Way {
  readonly name: string
  readonly run: <E>(task: Task.Task<any, string, E>) => Effect.Effect<string, E>
}

class Flaky extends Data.TaggedError("Flaky")<{ readonly attempt: number }> {}

/** Makes an effect that fails `failures` times and then succeeds. `failures` may be infinite. */
const flaky = (failures: number) => {
  const errors: Array<Flaky> = []
  const seen: Array<number> = []
  const run = Effect.gen(function* () {
    seen.push((yield* Schedule.CurrentMetadata).attempt)
    if (errors.length >= failures) return "Done" as const
    const error = new Flaky({ attempt: errors.length + 1 })
    errors.push(error)
    return yield* error
  })
  return { errors, seen, run }
}

/**
 * Defines the tests of retries and attempt timeouts.
 *
 * @category suites
 * @since 0.1.0
 */
export const taskSuite = ({ name, run: way }: Way): void => {
  describe(`retry in ${name}`, () => {
    it.effect("T3: is not retried unless asked for", () =>
      Effect.gen(function* () {
        const { errors, run } = flaky(Infinity)
        yield* inVirtualTime(way(Task.make({ run })))
        assert.strictEqual(errors.length, 1)
      })
    )

    for (const retries of [0, 1, 2, 3]) {
      for (const failures of [0, 1, 2, 3, 4, Infinity]) {
        const attempts = Math.min(failures, retries) + 1
        it.effect(`R1, T2: with ${retries} retries, ${failures} failures take ${attempts} attempts`, () =>
          Effect.gen(function* () {
            const { errors, run, seen } = flaky(failures)
            const exit = yield* inVirtualTime(way(Task.make({ retry: Retry.fixed(retries, "1 second"), run })))
            assert.strictEqual(seen.length, attempts)
            if (failures <= retries) assert.deepStrictEqual(exit, Exit.succeed("Done"))
            else assert.strictEqual(errorOf(exit), errors.at(-1), "the last error surfaces as it is")
            assert.deepStrictEqual(
              seen,
              Array.from({ length: attempts }, (_, i) => i),
              "Schedule.CurrentMetadata tells which retry it is"
            )
          })
        )
      }
    }

    const passing: Record<string, [run: () => unknown, reason: string]> = {
      "T1: a defect": [() => Effect.die("boom"), "Die"],
      "T1: a defect that is thrown": [
        () => {
          throw new Error("boom")
        },
        "Die"
      ],
      "T1: a failure beside a defect": [
        () => Effect.failCause(Cause.combine(Cause.fail("no"), Cause.die("boom"))),
        "Die"
      ],
      "T1: an interruption": [() => Effect.interrupt, "Interrupt"]
    }
    for (const [what, [run, reason]] of Object.entries(passing)) {
      it.effect(`${what} passes at once`, () =>
        Effect.gen(function* () {
          let runs = 0
          const task = Task.make({
            retry: Retry.fixed(3, "1 second"),
            run: () => (runs++, run() as Effect.Effect<string>)
          })
          const exit = yield* inVirtualTime(way(task))
          assert.strictEqual(runs, 1)
          assert.isTrue(Exit.isFailure(exit))
          if (Exit.isFailure(exit))
            assert.include(
              exit.cause.reasons.map(({ _tag }) => _tag),
              reason
            )
        })
      )
    }

    it.effect("T1: a defect after failures passes at once", () =>
      Effect.gen(function* () {
        let runs = 0
        const run = Effect.suspend(() => (++runs < 3 ? Effect.fail("again") : Effect.die("boom")))
        const exit = yield* inVirtualTime(way(Task.make({ retry: Retry.fixed(9, "1 second"), run })))
        assert.strictEqual(runs, 3)
        assert.deepStrictEqual(defectsOf(exit), ["boom"])
      })
    )

    it.effect("any Schedule will do: one that looks at the error", () =>
      Effect.gen(function* () {
        const { errors, run } = flaky(Infinity)
        const retry = Schedule.spaced("1 second").pipe(
          Schedule.setInputType<Flaky>(),
          Schedule.while(({ input }) => input.attempt < 4)
        )
        const exit = yield* inVirtualTime(way(Task.make({ retry, run })))
        assert.strictEqual(errors.length, 4)
        assert.strictEqual(errorOf(exit), errors[3])
      })
    )

    it.effect("any Schedule will do: one that needs a service and fails itself", () =>
      Effect.gen(function* () {
        class Budget extends Context.Service<Budget, { left: number }>()("test/Budget") {}
        class Spent extends Data.TaggedError("Spent")<{}> {}
        const { errors, run } = flaky(Infinity)
        const retry = Schedule.tap(Schedule.spaced("1 second"), () =>
          Effect.flatMap(Budget, (budget) => (budget.left-- > 0 ? Effect.void : Effect.fail(new Spent())))
        )
        const task = Task.make({ retry, run })
        const program: Effect.Effect<string, Flaky | Spent> = Effect.provideService(
          way(task as Task.Task<any, string, Flaky | Spent>),
          Budget,
          { left: 2 }
        )
        const exit = yield* inVirtualTime(program)
        assert.strictEqual(errors.length, 3)
        assert.deepStrictEqual(errorOf(exit), new Spent())
      })
    )

    it.effect("two runs of one task have their own retries", () =>
      Effect.gen(function* () {
        const { errors, run } = flaky(Infinity)
        const program = Effect.exit(way(Task.make({ retry: Retry.fixed(2, "1 second"), run })))
        yield* inVirtualTime(Effect.all([program, program], { concurrency: 2 }))
        assert.strictEqual(errors.length, 6)
      })
    )
  })

  describe(`attemptTimeout in ${name}`, () => {
    for (const [took, fits] of [
      [999, true],
      [1001, false]
    ] as const) {
      it.effect(`T4: an attempt of ${took} ms ${fits ? "fits in" : "exceeds"} a second`, () =>
        Effect.gen(function* () {
          let interrupted = false
          const run = Effect.sleep(took).pipe(
            Effect.as("Done"),
            Effect.onInterrupt(() => Effect.sync(() => (interrupted = true)))
          )
          const elapsed = yield* inVirtualTime(
            Effect.timed(Effect.exit(way(Task.make({ name: "slow", attemptTimeout: "1 second", run }))))
          )
          const [time, exit] = Exit.isSuccess(elapsed) ? elapsed.value : assert.fail("never")
          assert.strictEqual(Duration.toMillis(time), Math.min(took, 1000))
          assert.strictEqual(interrupted, !fits)
          if (fits) return assert.deepStrictEqual(exit, Exit.succeed("Done"))
          const error = errorOf(exit)
          assert.instanceOf(error, Task.AttemptTimeout)
          assert.deepStrictEqual([error.task, error.timeout], ["slow", Duration.seconds(1)])
          assert.strictEqual(error.message, 'An attempt of task "slow" took longer than 1s')
        })
      )
    }

    it.effect("T4: bounds each attempt, not their sum, and is retried like any failure", () =>
      Effect.gen(function* () {
        const starts: Array<number> = []
        const run = Effect.gen(function* () {
          starts.push(yield* Clock.currentTimeMillis)
          if (starts.length < 3) yield* Effect.never
          yield* Effect.sleep(900)
          return "Done"
        })
        const task = Task.make({ attemptTimeout: "1 second", retry: Retry.fixed(2, "5 seconds"), run })
        assert.deepStrictEqual(yield* inVirtualTime(way(task)), Exit.succeed("Done"))
        assert.deepStrictEqual(
          starts.map((start) => start - starts[0]!),
          [0, 6000, 12000]
        )
      })
    )

    it.effect("T4: leaves plain values, Exits, failures and defects alone", () =>
      Effect.gen(function* () {
        const of = (run: unknown) =>
          inVirtualTime(way(Task.make({ attemptTimeout: "1 second", run: run as () => string })))
        assert.deepStrictEqual(yield* of(() => "Done"), Exit.succeed("Done"))
        assert.deepStrictEqual(yield* of(Effect.succeed("Done")), Exit.succeed("Done"))
        assert.strictEqual<unknown>(errorOf(yield* of(Effect.fail("no"))), "no")
        assert.deepStrictEqual(defectsOf(yield* of(Effect.die("boom"))), ["boom"])
      })
    )
  })
}

const phases = ["prep", "exec", "post"] as const
type Phase = (typeof phases)[number]

class PhaseFailed extends Data.TaggedError("PhaseFailed")<{ readonly phase: Phase; readonly attempt: number }> {}

/** Makes a node whose phase fails in its first attempts, and a log of its phases. */
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

/**
 * Defines the tests of retries and attempt timeouts of nodes.
 *
 * @category suites
 * @since 0.1.0
 */
export const nodeSuite = ({ name, run: way }: Way): void => {
  describe(`retry in ${name}`, () => {
    for (const phase of phases) {
      for (const retries of [undefined, 0, 1, 2, 3]) {
        for (const failures of [0, 1, 2, 3, 4, 5]) {
          const attempts = Math.min(failures, retries ?? 0) + 1
          it.effect(
            `N1, N3, N4: ${phase} fails ${failures} times, ${retries ?? "no"} retries: ${attempts} whole cycles`,
            () =>
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

      it.effect(`T1: a defect in ${phase} is not retried`, () =>
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

    it.effect("N3: exec alone repeats where Effect.retry is piped on it", () =>
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

    it.effect("T4: attemptTimeout bounds one whole cycle, and is retried", () =>
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
        const timed = yield* inVirtualTime(Effect.timed(Effect.exit(way(node))))
        const [time, exit] = Exit.isSuccess(timed) ? timed.value : assert.fail("never")
        assert.strictEqual(cycles, 2)
        assert.strictEqual(Duration.toMillis(time), 2000)
        assert.instanceOf(errorOf(exit), Task.AttemptTimeout)
      })
    )
  })
}
