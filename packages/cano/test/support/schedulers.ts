/** What the tests of schedulers with a journal share. */
import * as Journal from "effect-cano/Journal"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Durable from "../../src/Durable.ts"
import * as DurableError from "../../src/DurableError.ts"
import * as Scheduler from "../../src/Scheduler.ts"

/**
 * A process with a scheduler, and a client of durable runs on the same journal if there are such. A crash interrupts its
 * runs, and writes nothing down.
 */
export const makeProcess = <E, R>(
  add: (scheduler: Scheduler.Scheduler["Service"]) => Effect.Effect<unknown, E, R>,
  options: { readonly isStarted?: boolean } = {}
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const journal = yield* Journal.Journal
    let isDead = false
    const mortal = mortalJournal(journal, () => isDead)
    const context = Context.make(Scope.Scope, scope).pipe(Context.add(Journal.Journal, mortal))
    const scheduler = yield* Effect.provideContext(Scheduler.make({ grace: 0, journal: true }), context)
    const isDurable = Option.isSome(yield* Effect.serviceOption(Durable.Durable))
    const layer = isDurable ? Layer.fresh(Durable.layerClient) : Layer.empty
    const client = yield* Effect.provideContext(Layer.build(layer), context)
    yield* Effect.provideContext(add(scheduler), client as Context.Context<never>)
    if (options.isStarted !== false) yield* scheduler.start
    const close = Scope.close(scope, Exit.void)
    const crash = Effect.andThen(
      Effect.sync(() => void (isDead = true)),
      close
    )
    return { scheduler, close, crash }
  })

/** A journal that answers nobody any more, once its process is dead. */
const mortalJournal = (journal: Journal.Shape, isDead: () => boolean): Journal.Shape =>
  new Proxy(journal, {
    get: (target, name: keyof Journal.Shape) => {
      const member = target[name]
      if (typeof member !== "function") return member
      return (...args: ReadonlyArray<unknown>) =>
        Effect.suspend(() =>
          isDead()
            ? Effect.fail(new DurableError.JournalFailure({ operation: "answer", reason: "Unavailable" }))
            : (member as (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown>)(...args)
        )
    }
  })

/** A job that writes down its ticks, in seconds, and then does some work. */
export const ticksOf = <A, E, R>(work: Effect.Effect<A, E, R>) => {
  const ticks: Array<number> = []
  const job = ({ due }: Scheduler.Tick) =>
    Effect.andThen(
      Effect.sync(() => void ticks.push(DateTime.toEpochMillis(due) / 1000)),
      work
    )
  return { job, ticks }
}

export const storedFlow = (id: string) =>
  Journal.Journal.use((journal) => Effect.map(journal.flow(id), Option.getOrThrow))
