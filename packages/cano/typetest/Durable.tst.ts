import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Context from "effect/Context"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "tstyche"
import * as Interpreter from "../src/Interpreter.ts"
import type * as Concurrent from "../src/Concurrent.ts"
import * as Durable from "../src/Durable.ts"
import type * as DurableError from "../src/DurableError.ts"
import type * as Journal from "../src/Journal.ts"
import * as Scheduler from "../src/Scheduler.ts"
import * as Trigger from "../src/Trigger.ts"
import * as Wait from "../src/Wait.ts"
import * as Workflow from "../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{}> {}
class Mailer extends Context.Service<Mailer, { readonly send: Effect.Effect<number> }>()("Mailer") {}

const State = Schema.TaggedUnion({ Start: { n: Schema.Number }, Done: {} })
type State = typeof State.Type
type Done = Extract<State, { readonly _tag: "Done" }>

declare const charge: Workflow.Workflow<State, Done, Declined, Mailer, Extract<State, { readonly _tag: "Start" }>>
declare const plain: Workflow.Workflow<"Start" | "Done", "Done", never, never, "Start">

type StartFailure =
  | DurableError.InvalidRun
  | DurableError.RunMismatch
  | DurableError.NotEncodable
  | DurableError.TooLarge
  | DurableError.JournalFailure
type End =
  | DurableError.RunFailed
  | DurableError.RunCancelled
  | DurableError.Corrupt
  | DurableError.JournalFailure
  | DurableError.UnknownRun

describe("Durable.job", () => {
  it("is a job that ends as its run does, and needs Durable alone", () => {
    const job = Durable.job(charge, { state: ({ run }) => ({ _tag: "Start", n: run }) })
    expect(Scheduler.flow("charge", Trigger.manual, job)).type.toBe<
      Scheduler.Flow<Done, Declined | StartFailure | End, Durable.Durable>
    >()
  })

  it("gives the id of the run where nobody waits for its end", () => {
    const job = Durable.job(charge, { state: { _tag: "Start", n: 1 }, wait: false })
    expect(Scheduler.flow("charge", Trigger.manual, job)).type.toBe<
      Scheduler.Flow<string, StartFailure, Durable.Durable>
    >()
  })

  it("asks for a state where the initial state has a payload", () => {
    expect(Durable.job).type.not.toBeCallableWith(charge)
    expect(Durable.job).type.not.toBeCallableWith(charge, { wait: false })
    expect(Durable.job).type.not.toBeCallableWith(charge, { state: { _tag: "Start", n: "one" } })
    expect(Durable.job).type.toBeCallableWith(plain)
    expect(Durable.job).type.toBeCallableWith(plain, { labels: ({ flow }: Scheduler.Tick) => ({ flow }) })
  })
})

describe("Durable.batch", () => {
  type Failure = Declined | Exclude<StartFailure | End, DurableError.InvalidRun | DurableError.JournalFailure>
  type Call<W extends Wait.Wait> = Effect.Effect<
    Concurrent.Batch<Array<Concurrent.Result<Done, Failure, W>>>,
    DurableError.InvalidRun | DurableError.JournalFailure,
    Durable.Durable
  >

  it("has the results of a concurrent run", () => {
    const instances = [{ id: "a", state: { _tag: "Start", n: 1 } as const }]
    expect(Durable.batch(charge, { batchId: "b", instances })).type.toBe<Call<Wait.All>>()
    expect(Durable.batch(charge, { batchId: "b", instances, wait: Wait.quota(1) })).type.toBe<Call<Wait.Quota>>()
  })

  it("asks for a state where the initial state has a payload", () => {
    expect(Durable.batch).type.not.toBeCallableWith(charge, { batchId: "b", instances: [{ id: "a" }] })
    expect(Durable.batch).type.toBeCallableWith(plain, { batchId: "b", instances: [{ id: "a" }] })
  })

  it("has no concurrency of its own", () => {
    expect(Durable.batch).type.not.toBeCallableWith(plain, { batchId: "b", instances: [], concurrency: 3 })
  })
})

describe("a scheduler with a journal", () => {
  it("needs the journal", () => {
    expect(Scheduler.layer({ journal: true })).type.toBe<Layer.Layer<Scheduler.Scheduler, never, Journal.Journal>>()
    expect(Scheduler.make({ journal: true, grace: 0 })).type.toBe<
      Effect.Effect<Scheduler.Scheduler["Service"], never, Scope.Scope | Journal.Journal>
    >()
    const flows = [Scheduler.flow("plain", Trigger.manual, Durable.job(plain))]
    expect(Scheduler.layerFlows(flows, { journal: true })).type.toBe<
      Layer.Layer<
        Scheduler.Scheduler,
        Scheduler.DuplicateFlow | Scheduler.InvalidFlow | Scheduler.InvalidCron,
        Durable.Durable | Journal.Journal
      >
    >()
  })

  it("needs it also where the option is not known", () => {
    expect(Scheduler.layer({ journal: true as boolean })).type.toBe<
      Layer.Layer<Scheduler.Scheduler, never, Journal.Journal>
    >()
  })

  it("is asked for: other schedulers need nothing", () => {
    expect(Scheduler.layer()).type.toBe<Layer.Layer<Scheduler.Scheduler>>()
    expect(Scheduler.layer({ grace: 0 })).type.toBe<Layer.Layer<Scheduler.Scheduler>>()
    expect(Scheduler.layer({ journal: false })).type.toBe<Layer.Layer<Scheduler.Scheduler>>()
    expect(Scheduler.layer).type.not.toBeCallableWith({ jurnal: true })
  })
})

describe("starting", () => {
  const Plain = Schema.TaggedUnion({ Start: {}, Pay: { amount: Schema.Number }, Done: {} })
  const plain = Workflow.make("plain", Plain, {
    initial: "Start",
    exits: ["Done"],
    states: {
      Start: { to: ["Pay"], run: () => ({ _tag: "Pay", amount: 1 }) },
      Pay: { to: ["Done"], run: () => ({ _tag: "Done" }) }
    }
  })
  const paying = Workflow.make("paying", Plain, {
    initial: "Pay",
    exits: ["Done"],
    states: {
      Start: { to: ["Pay"], run: () => ({ _tag: "Pay", amount: 1 }) },
      Pay: { to: ["Start", "Done"], run: () => ({ _tag: "Done" }) }
    }
  })

  it("needs no state where the initial one has no payload", () => {
    expect(Durable.start).type.toBeCallableWith(plain, { runId: "a" })
    expect(Durable.run).type.toBeCallableWith(plain, { runId: "a", state: { _tag: "Pay", amount: 2 } })
    expect(Interpreter.run).type.toBeCallableWith(plain, { interceptors: [] })
  })

  it("needs the state where the initial one has a payload", () => {
    expect(Durable.start).type.not.toBeCallableWith(paying, { runId: "a" })
    expect(Durable.start).type.toBeCallableWith(paying, { runId: "a", state: { _tag: "Pay", amount: 2 } })
    expect(Durable.start).type.not.toBeCallableWith(paying, { runId: "a", state: { _tag: "Pay", amount: "2" } })
    expect(Interpreter.run).type.not.toBeCallableWith(paying, { interceptors: [] })
  })
})
