/** Signals: the mailboxes of bare runs, and tasks that wait for a value. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { defectsOf, errorOf } from "effect-cano-testing/Runs"
import { random, replay } from "effect-cano-testing/Seed"
import { compiled } from "../../src/internal/machine/task.ts"
import * as Signal from "../../src/Signal.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { refusal } from "../support/refusal.ts"

class Down extends Data.TaggedError("Down")<{}> {}

const Text = Signal.make("text", Schema.String)
const Count = Signal.make("text", Schema.Number)

/** A test with mailboxes of its own. */
const withSignals = <A, E>(test: (signals: Signal.SignalsShape) => Effect.Effect<A, E, Signal.Signals>) =>
  Effect.flatMap(Signal.Signals.make, (signals) => Effect.provideService(test(signals), Signal.Signals, signals))

describe("a signal", () => {
  it("describes itself, without its schema", () => {
    assert.isTrue(Signal.isSignal(Text))
    for (const other of [null, {}, "text", Schema.String]) assert.isFalse(Signal.isSignal(other))
    assert.strictEqual(JSON.stringify(Text), `{"_id":"Signal","name":"text"}`)
    assert.strictEqual(inspect(Text), `{ _id: 'Signal', name: 'text' }`)
  })

  it("refuses a name that is none, and a schema that is none", () => {
    const make = Signal.make as unknown as (name: unknown, schema?: unknown) => unknown
    assert.include(refusal(() => make("", Schema.String)).message, "the name is empty")
    assert.include(refusal(() => make("x".repeat(257), Schema.String)).message, "is 257 characters long")
    assert.include(refusal(() => make(7, Schema.String)).message, "the name is not a string")
    assert.include(refusal(() => make("text")).message, `Signal "text": the schema is undefined, expected a Schema`)
  })
})

describe("a mailbox", () => {
  it.effect("S1: keeps values until they are taken, the oldest first", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        for (const value of ["a", "b", "c"]) assert.strictEqual(yield* signals.send(Text, value), "Accepted")
        for (const value of ["a", "b", "c"]) assert.strictEqual(yield* signals.take(Text), value)
      })
    )
  )

  it.effect("S2: gives two takers two values, to the first taker the first", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        const first = yield* Effect.forkChild(signals.take(Text), { startImmediately: true })
        const second = yield* Effect.forkChild(signals.take(Text), { startImmediately: true })
        yield* signals.send(Text, "a")
        yield* signals.send(Text, "b")
        assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], ["a", "b"])
      })
    )
  )

  it.effect("S3: loses no value to a taker that is interrupted while it waits", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        const taker = yield* Effect.forkChild(signals.take(Text), { startImmediately: true })
        const other = yield* Effect.forkChild(signals.take(Text), { startImmediately: true })
        taker.interruptUnsafe()
        yield* signals.send(Text, "a")
        assert.isTrue(Exit.isFailure(yield* Fiber.await(taker)))
        assert.strictEqual(yield* Fiber.join(other), "a")
      })
    )
  )

  it.effect("S2, S3: 10^3 random histories of takers, values and interruptions lose and double no value", () =>
    Effect.gen(function* () {
      const { runs, seed: first } = replay(1000)
      for (let seed = first; seed < first + runs; seed++) {
        yield* withSignals(
          Effect.fnUntraced(function* (signals) {
            const seeded = random(seed)
            const takers: Array<Fiber.Fiber<string, unknown>> = []
            let sent = 0
            for (let step = 0; step < 12; step++) {
              const choice = seeded.int(4)
              if (choice === 0) yield* signals.send(Text, `${sent++}`)
              if (choice === 1)
                takers.push(yield* Effect.forkChild(signals.take(Text), { startImmediately: seeded.chance(0.5) }))
              if (choice === 2) takers[seeded.int(takers.length + 1)]?.interruptUnsafe()
              if (choice === 3) yield* Effect.yieldNow
            }
            for (const taker of takers) taker.interruptUnsafe()
            const exits = yield* Effect.forEach(takers, (taker) => Fiber.await(taker))
            const taken = exits.filter(Exit.isSuccess).map((exit) => exit.value)
            yield* signals.send(Text, "last")
            for (;;) {
              const value = yield* signals.take(Text)
              if (value === "last") break
              taken.push(value)
            }
            const expected = Array.from({ length: sent }, (_, n) => `${n}`)
            assert.deepStrictEqual(
              taken.sort((a, b) => Number(a) - Number(b)),
              expected,
              `seed ${seed}`
            )
          })
        )
      }
    })
  )

  it.effect("S4: accepts a value under an id once, under the name of its signal", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        const Other = Signal.make("other", Schema.String)
        assert.strictEqual(yield* signals.send(Text, "a", { id: "1" }), "Accepted")
        assert.strictEqual(yield* signals.send(Text, "b", { id: "1" }), "Duplicate")
        assert.strictEqual(yield* signals.take(Text), "a")
        assert.strictEqual(yield* signals.send(Text, "c", { id: "1" }), "Duplicate")
        assert.strictEqual(yield* signals.send(Other, "d", { id: "1" }), "Accepted")
        assert.strictEqual(yield* signals.send(Text, "e", { id: "2" }), "Accepted")
        assert.strictEqual(yield* signals.take(Text), "e")
      })
    )
  )

  it.effect("refuses an id that is none, with a defect", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        for (const id of ["", "x".repeat(257), 7 as unknown as string]) {
          const exit = yield* Effect.exit(signals.send(Text, "a", { id }))
          assert.match(String(defectsOf(exit)[0]), /^ConfigurationError: Signals.send: the id/)
        }
      })
    )
  )

  it.effect("S5: leaves a value of another type where it is, and does not show it", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        yield* signals.send(Text, "secret")
        const exit = yield* Effect.exit(signals.take(Count))
        assert.instanceOf(errorOf(exit), Signal.SignalMismatch)
        assert.notInclude(inspect(exit, { depth: 9 }), "secret")
        assert.strictEqual(yield* signals.take(Text), "secret")
      })
    )
  )

  it.effect("is new for each build of the layer", () =>
    Effect.gen(function* () {
      const send = Signal.Signals.use((signals) => signals.send(Text, "a", { id: "1" }))
      for (let i = 0; i < 2; i++) {
        assert.strictEqual(yield* Effect.provide(send, Signal.Signals.layer), "Accepted")
      }
    })
  )
})

describe("a task that waits for a signal", () => {
  it.effect("takes a value that was sent before, and one that is sent later", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        const wait = Task.awaitSignal(Text, (value, state: number) => `${value} in ${state}`)
        yield* signals.send(Text, "a")
        assert.strictEqual(yield* Task.run(wait, 1), "a in 1")
        const fiber = yield* Effect.forkChild(Task.run(wait, 2))
        yield* TestClock.adjust("400 days")
        assert.strictEqual(fiber.pollUnsafe(), undefined)
        yield* signals.send(Text, "b")
        assert.strictEqual(yield* Fiber.join(fiber), "b in 2")
      })
    )
  )

  it.effect("fails after its timeout, or goes to a state", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        const failing = Task.run(Task.awaitSignal(Text, () => "Came", { timeout: "3 days" }))
        const routed = Task.awaitSignal(Text, () => "Came", {
          timeout: (days: number) => `${days} days`,
          onTimeout: (days) => `Late after ${days}`
        })
        const runs: ReadonlyArray<Effect.Effect<string, unknown, Signal.Signals>> = [failing, Task.run(routed, 3)]
        const fibers = yield* Effect.forEach(runs, (run) => Effect.forkChild(run))
        yield* TestClock.adjust(3 * 86_400_000 - 1)
        for (const fiber of fibers) assert.strictEqual(fiber.pollUnsafe(), undefined)
        yield* TestClock.adjust(1)
        const error = errorOf(yield* Fiber.await(fibers[0]!))
        assert.instanceOf(error, Signal.SignalTimeout)
        assert.strictEqual((error as Error).message, 'Signal "text" did not arrive in time')
        assert.deepStrictEqual(yield* Fiber.await(fibers[1]!), Exit.succeed("Late after 3"))
        // The timeout has taken nothing.
        yield* signals.send(Text, "a")
        assert.strictEqual(yield* signals.take(Text), "a")
      })
    )
  )

  it.effect("takes a value that is there at the deadline, also for a timeout of 0", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        const wait = (timeout: number) =>
          Task.run(Task.awaitSignal(Text, (value) => value, { timeout, onTimeout: "Late" }))
        yield* signals.send(Text, "a")
        assert.strictEqual(yield* wait(0), "a")
        assert.strictEqual(yield* wait(0), "Late")
        const sender = yield* Effect.forkChild(Effect.andThen(Effect.sleep(100), signals.send(Text, "b")))
        yield* Effect.yieldNow
        const fiber = yield* Effect.forkChild(wait(100))
        yield* TestClock.adjust(100)
        yield* Fiber.join(sender)
        assert.strictEqual(yield* Fiber.join(fiber), "b")
      })
    )
  )

  it.effect("loses no value to an interruption, and none to a taker that was quicker", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        const wait = Task.run(Task.awaitSignal(Text, (value) => value, { timeout: "1 hour" }))
        const interrupted = yield* Effect.forkChild(wait, { startImmediately: true })
        const [first, second] = [yield* Effect.forkChild(wait), yield* Effect.forkChild(wait)]
        yield* Effect.yieldNow
        interrupted.interruptUnsafe()
        yield* signals.send(Text, "a")
        assert.strictEqual(yield* Fiber.join(first), "a")
        yield* TestClock.adjust("59 minutes")
        yield* signals.send(Text, "b")
        assert.strictEqual(yield* Fiber.join(second), "b")
      })
    )
  )

  it.effect("fails with the error of onValue, which has the value", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        yield* signals.send(Text, "a")
        const wait = Task.awaitSignal(Text, function* () {
          return yield* new Down()
        })
        assert.instanceOf(errorOf(yield* Effect.exit(Task.run(wait))), Down)
        yield* signals.send(Text, "b")
        assert.strictEqual(yield* signals.take(Text), "b")
      })
    )
  )

  it.effect("dies for a value of another type", () =>
    withSignals(
      Effect.fnUntraced(function* (signals) {
        yield* signals.send(Text, "secret")
        const exit = yield* Effect.exit(Task.run(Task.awaitSignal(Count, () => "Came")))
        assert.instanceOf(defectsOf(exit)[0], Signal.SignalMismatch)
      })
    )
  )

  it.effect("can be interrupted", () =>
    withSignals(
      Effect.fnUntraced(function* () {
        const fiber = yield* Effect.forkChild(Task.run(Task.awaitSignal(Text, () => "Came", { timeout: "1 day" })))
        yield* TestClock.adjust(1)
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      })
    )
  )

  it("refuses what is no signal, no function and no timeout", () => {
    const awaitSignal = Task.awaitSignal as unknown as (...args: ReadonlyArray<unknown>) => unknown
    const sentences: ReadonlyArray<readonly [ReadonlyArray<unknown>, string]> = [
      [["text", () => "Came"], `the signal is "text", expected a signal`],
      [[Text, "Came"], `onValue is "Came", expected a function`],
      [[Text, () => "Came", "1 day"], `options is "1 day", expected an object`],
      [[Text, () => "Came", {}], "timeout is not a duration"],
      [[Text, () => "Came", { timeout: Infinity }], "timeout is Infinity, expected a finite duration from 0"],
      [[Text, () => "Came", { timeout: 1, onTimeout: null }], "onTimeout is null, expected a state"],
      [[Text, () => "Came", { timeout: 1, late: "Late" }], `there is no option "late", only "timeout", "onTimeout"`]
    ]
    for (const [args, sentence] of sentences) assert.include(refusal(() => awaitSignal(...args)).message, sentence)
  })

  it.effect("dies for a timeout that its function should not give", () =>
    withSignals(
      Effect.fnUntraced(function* () {
        const wait = Task.awaitSignal(Text, () => "Came", { timeout: () => -1 })
        const exit = yield* Effect.exit(Task.run(wait))
        assert.match(String(defectsOf(exit)[0]), /Task.awaitSignal: the timeout that its function gave is/)
      })
    )
  )
})

describe("an interpreter", () => {
  it.effect("sees the wait of a task without running it", () =>
    Effect.gen(function* () {
      const bounded = compiled(
        Task.awaitSignal(Text, (value, state: number) => `${value}${state}`, {
          timeout: (days: number) => `${days} days`
        })
      ).waitFor
      if (bounded?._tag !== "Signal") return assert.fail("the task does not wait for a signal")
      assert.strictEqual(bounded.signal, Text)
      assert.strictEqual(bounded.onValue("a", 1), "a1")
      assert.strictEqual(bounded.deadline?.(2, 1000), 1000 + 2 * 86_400_000)
      const late = yield* Effect.exit(bounded.onTimeout(2) as Effect.Effect<never, Signal.SignalTimeout>)
      assert.instanceOf(errorOf(late), Signal.SignalTimeout)
      const unbounded = compiled(Task.awaitSignal(Text, () => "Came")).waitFor
      assert.strictEqual(unbounded?._tag === "Signal" ? unbounded.deadline : 0, undefined)
    })
  )
})

describe("a diagram", () => {
  it("shows a wait for a signal as a badge of its state", () => {
    const Ask = Schema.Literals(["A", "B", "C", "Done"])
    const asking = Workflow.make("asking", Ask, {
      initial: "A",
      exits: ["Done"],
      states: {
        A: { to: ["B"], run: Task.awaitSignal(Text, () => "B") },
        B: { to: ["C"], run: Task.awaitSignal(Text, () => "C", { timeout: "3 days" }) },
        C: { to: ["Done"], run: Task.awaitSignal(Text, () => "Done", { timeout: () => "3 days" }) }
      }
    })
    const drawing = Workflow.toMermaid(asking)
    assert.include(drawing, `s0["A<br/>⏳ signal text"]`)
    assert.include(drawing, `s1["B<br/>⏳ signal text, 3d"]`)
    assert.include(drawing, `s2["C<br/>⏳ signal text, #8230;"]`)
  })
})
