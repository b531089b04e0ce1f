import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "tstyche"
import * as Scheduler from "../src/Scheduler.ts"
import * as Trigger from "../src/Trigger.ts"

class Declined extends Data.TaggedError("Declined")<{}> {}
class Mailer extends Context.Service<Mailer, { readonly send: Effect.Effect<number, Declined> }>()("Mailer") {}
class Pace extends Context.Service<Pace, number>()("Pace") {}

declare const scheduler: Scheduler.Scheduler["Service"]
declare const mail: Effect.Effect<number, Declined, Mailer>
declare const paced: Schedule.Schedule<number, void, never, Pace>

type AddError = Scheduler.DuplicateFlow | Scheduler.InvalidFlow | Scheduler.InvalidCron
type TriggerError = Scheduler.UnknownFlow | Scheduler.NotRunning | Scheduler.TriggerRefused

describe("Scheduler.flow", () => {
  it("keeps the types of its job", () => {
    expect(Scheduler.flow("mail", Trigger.manual, mail)).type.toBe<Scheduler.Flow<number, Declined, Mailer>>()
  })

  it("needs the services of its schedule as well", () => {
    expect(Scheduler.flow("mail", Trigger.schedule(paced), mail)).type.toBe<
      Scheduler.Flow<number, Declined, Mailer | Pace>
    >()
  })

  it("adds the timeout error only where there is a timeout", () => {
    expect(Scheduler.flow("mail", Trigger.every(1000), mail, { timeout: "1 minute" })).type.toBe<
      Scheduler.Flow<number, Declined | Scheduler.RunTimeout, Mailer>
    >()
    expect(Scheduler.flow("mail", Trigger.every(1000), mail, { overlap: "queue" })).type.toBe<
      Scheduler.Flow<number, Declined, Mailer>
    >()
  })

  it("refuses policies that there are not", () => {
    // @ts-expect-error Type '"both"' is not assignable to type
    Scheduler.flow("mail", Trigger.manual, mail, { overlap: "both" })
    // @ts-expect-error Type '"twice"' is not assignable to type
    Scheduler.flow("mail", Trigger.manual, mail, { missed: "twice" })
    // @ts-expect-error Type '"never"' is not assignable to type
    Trigger.every(1000, { firstRun: "never" })
    // @ts-expect-error does not exist in type
    Scheduler.flow("mail", Trigger.manual, mail, { retries: 3 })
  })

  it("refuses a schedule that may fail", () => {
    const failing = Schedule.modifyDelay(Schedule.forever, () => Effect.fail("no" as const))
    // @ts-expect-error Type '"no"' is not assignable to type 'never'
    Trigger.schedule(failing)
  })

  it("takes a job that is a function of the tick", () => {
    const job = Effect.fnUntraced(function* ({ due, run }: Scheduler.Tick) {
      yield* mail
      return [due, run] as const
    })
    expect(Scheduler.flow("mail", Trigger.manual, job)).type.toBe<
      Scheduler.Flow<readonly [DateTime.Utc, number], Declined, Mailer>
    >()
    const inferred = Scheduler.flow("mail", Trigger.schedule(paced), (tick) => Effect.as(mail, tick), { timeout: 5 })
    expect(inferred).type.toBe<Scheduler.Flow<Scheduler.Tick, Declined | Scheduler.RunTimeout, Mailer | Pace>>()
    expect(Scheduler.flow("mail", Trigger.manual, () => mail)).type.toBe<Scheduler.Flow<number, Declined, Mailer>>()
  })

  it("takes a service as an Effect", () => {
    expect(Scheduler.flow("pace", Trigger.manual, Pace)).type.toBe<Scheduler.Flow<number, never, Pace>>()
  })

  it("refuses a job that is no Effect, and a function that gives none or wants something else", () => {
    // @ts-expect-error is not assignable to parameter of type 'Effect
    Scheduler.flow("mail", Trigger.manual, 1)
    // @ts-expect-error Type 'number' is not assignable to type 'Effect
    Scheduler.flow("mail", Trigger.manual, () => 1)
    // @ts-expect-error Type 'Promise<number>' is missing
    Scheduler.flow("mail", Trigger.manual, async () => 1)
    // @ts-expect-error Property 'day' does not exist on type 'Tick'
    Scheduler.flow("mail", Trigger.manual, ({ day }) => Effect.succeed(day))
    // @ts-expect-error Type 'Tick' is not assignable to type 'number'
    Scheduler.flow("mail", Trigger.manual, (due: number) => Effect.succeed(due))
  })
})

describe("add", () => {
  it("wants the services of the job, and gives the flow back", () => {
    expect(scheduler.add("mail", Trigger.manual, mail)).type.toBe<
      Effect.Effect<Scheduler.Flow<number, Declined, Mailer>, AddError, Mailer>
    >()
    expect(scheduler.add(Scheduler.flow("mail", Trigger.manual, mail))).type.toBe<
      Effect.Effect<Scheduler.Flow<number, Declined, Mailer>, AddError, Mailer>
    >()
    expect(scheduler.add("mail", Trigger.manual, ({ run }) => Effect.as(mail, run))).type.toBe<
      Effect.Effect<Scheduler.Flow<number, Declined, Mailer>, AddError, Mailer>
    >()
    expect(scheduler.add("mail", Trigger.schedule(paced), mail, { timeout: 5 })).type.toBe<
      Effect.Effect<Scheduler.Flow<number, Declined | Scheduler.RunTimeout, Mailer | Pace>, AddError, Mailer | Pace>
    >()
  })
})

describe("trigger", () => {
  it("of a flow gives a run with its types", () => {
    const flow = Scheduler.flow("mail", Trigger.manual, mail, { timeout: "1 second" })
    expect(scheduler.trigger(flow)).type.toBe<
      Effect.Effect<Scheduler.Run<number, Declined | Scheduler.RunTimeout>, TriggerError>
    >()
  })

  it("of an id gives a run that knows nothing", () => {
    expect(scheduler.trigger("mail")).type.toBe<Effect.Effect<Scheduler.Run<unknown, unknown>, TriggerError>>()
  })

  it("refuses what is neither", () => {
    // @ts-expect-error No overload matches this call
    scheduler.trigger(1)
  })
})

describe("the other controls", () => {
  it("fail for an unknown flow only", () => {
    expect(scheduler.status("mail")).type.toBe<Effect.Effect<Scheduler.Status, Scheduler.UnknownFlow>>()
    expect(scheduler.pause("mail")).type.toBe<Effect.Effect<void, Scheduler.UnknownFlow>>()
    expect(scheduler.start).type.toBe<Effect.Effect<void, Scheduler.AlreadyRunning>>()
    expect(scheduler.stop()).type.toBe<Effect.Effect<Scheduler.StopReport>>()
  })
})

describe("make and the layers", () => {
  it("make needs a scope, the layers do not", () => {
    expect(Scheduler.make()).type.toBe<Effect.Effect<Scheduler.Scheduler["Service"], never, Scope.Scope>>()
    expect(Scheduler.layer()).type.toBe<Layer.Layer<Scheduler.Scheduler>>()
  })

  it("layerFlows needs the services of all flows, but not the scheduler itself", () => {
    const flows = [
      Scheduler.flow("mail", Trigger.manual, mail),
      Scheduler.flow("paced", Trigger.schedule(paced), Effect.void),
      Scheduler.flow("self", Trigger.manual, Effect.asVoid(Scheduler.Scheduler))
    ]
    expect(Scheduler.layerFlows(flows)).type.toBe<Layer.Layer<Scheduler.Scheduler, AddError, Mailer | Pace>>()
    expect(Scheduler.layerFlows([Scheduler.flow("a", Trigger.manual, Effect.void)])).type.toBe<
      Layer.Layer<Scheduler.Scheduler, AddError>
    >()
  })
})
