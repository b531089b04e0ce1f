/**
 * A signal tells a waiting run something from outside: an approval, a payment that has arrived, an answer of a person.
 *
 * A {@link Signal} has a name, and a schema for its values. `Task.awaitSignal` waits for one. In a bare run the values come
 * from the service {@link Signals}, a mailbox in memory for each name. A durable run has a mailbox of its own in its
 * journal.
 *
 * 1. A value that is sent before somebody waits is kept. The oldest value is taken first.
 * 2. Each value is taken once. Two takers get two values.
 * 3. An interruption or a timeout of a taker that waits loses no value.
 * 4. Values sent under one id count once: the first is accepted, all others are duplicates.
 * 5. A value that does not fit the schema is not taken and not lost. Errors never contain it.
 *
 * **Gotchas**
 *
 * All bare runs that share a `Signals` share its mailboxes: if two runs wait for one signal, either may take a value. Ids
 * are remembered as long as the service lives.
 *
 * @example
 * ```ts
 * import { Signal, Task, Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Approval = Signal.make("approval", Schema.Struct({ by: Schema.String }))
 *
 * const Order = Schema.Literals(["Ask", "Approved", "Expired"])
 *
 * const order = Workflow.make("order", Order, {
 *   initial: "Ask",
 *   exits: ["Approved", "Expired"],
 *   states: {
 *     Ask: {
 *       to: ["Approved", "Expired"],
 *       run: Task.awaitSignal(Approval, () => "Approved", { timeout: "3 days", onTimeout: "Expired" })
 *     }
 *   }
 * })
 *
 * const program = Effect.gen(function* () {
 *   const signals = yield* Signal.Signals
 *   yield* signals.send(Approval, { by: "ops" }, { id: "click-1" })
 *   return yield* Workflow.run(order) // "Approved"
 * }).pipe(Effect.provide(Signal.Signals.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Layer from "effect/Layer"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Invariant } from "effect/Types"
import { type Checks, expected, nameProblems, optional, optionsProblems, refuse, subjectOf } from "./internal/faults.ts"
import { type Inbox, Mailboxes, MailboxesKey, type Receipt } from "./internal/mailboxes.ts"

const TypeId = "~effect-cano/Signal"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The name of a signal, and the type of its values.
 *
 * @category models
 * @since 0.1.0
 */
export interface Signal<in out A> {
  readonly [TypeId]: Invariant<A>
  readonly name: string
  /** Decides whether a value has the signal's type, and lets a journal encode the value. */
  readonly schema: Schema.Codec<A, any, never, never>
}

/**
 * @since 0.1.0
 */
export declare namespace Signal {
  /**
   * A signal of any type.
   *
   * @category models
   * @since 0.1.0
   */
  export type Any = Signal<any>

  /**
   * The type of a signal's values.
   *
   * @category models
   * @since 0.1.0
   */
  export type Value<S> = S extends Signal<infer A> ? A : never
}

/**
 * The options of sending a value.
 *
 * **Details**
 *
 * - `id`: names the value, 1 to 256 characters. Sent again under the same id, it is a duplicate. Default: no id, so each
 *   call sends a new value.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendOptions {
  readonly id?: string | undefined
}

/**
 * The mailboxes of a {@link Signals}, one for each name of a signal. Only `Signals.make` makes them.
 *
 * @category models
 * @since 0.1.0
 */
export interface SignalsShape {
  /** Puts a value into the mailbox of a signal. */
  readonly send: <A>(signal: Signal<A>, value: NoInfer<A>, options?: SendOptions) => Effect.Effect<Receipt>
  /** Waits for a value, and takes the oldest one. */
  readonly take: <A>(signal: Signal<A>) => Effect.Effect<A, SignalMismatch>
  /** @internal */
  readonly [MailboxesKey]: Inbox
}

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

/**
 * A signal did not arrive in time.
 *
 * @category errors
 * @since 0.1.0
 */
export class SignalTimeout extends Data.TaggedError("SignalTimeout")<{ readonly signal: string }> {
  override get message(): string {
    return `Signal "${this.signal}" did not arrive in time`
  }
}

/**
 * The oldest value in the mailbox does not have the type of the signal: it was sent by another signal of the same name.
 * The value is untouched and is not part of the error.
 *
 * @category errors
 * @since 0.1.0
 */
export class SignalMismatch extends Data.TaggedError("SignalMismatch")<{ readonly signal: string }> {
  override get message(): string {
    return `The oldest value of signal "${this.signal}" does not have the type of the signal`
  }
}

// -----------------------------------------------------------------------------
// guards
// -----------------------------------------------------------------------------

/**
 * Checks whether a value is a signal.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSignal = (u: unknown): u is Signal.Any => hasProperty(u, TypeId)

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes a signal. Signals with the same name share one mailbox.
 *
 * **Details**
 *
 * - `name`: 1 to 256 characters.
 * - `schema`: the type of the values. A durable run stores values in their encoded form.
 *
 * Throws a `ConfigurationError` for any other name, or without a schema.
 *
 * @example
 * ```ts
 * import { Signal } from "effect-cano"
 * import * as Schema from "effect/Schema"
 *
 * const Approval = Signal.make("approval", Schema.Struct({ by: Schema.String }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, I>(name: string, schema: Schema.Codec<A, I, never, never>): Signal<A> => {
  refuse(subjectOf("Signal", name), [...nameProblems("the name", name), ...isSchema("the schema", schema)])
  return new SignalImpl(name, schema)
}

// -----------------------------------------------------------------------------
// services
// -----------------------------------------------------------------------------

/**
 * The mailboxes of bare runs, in memory.
 *
 * **Details**
 *
 * - `send` gives `"Accepted"`, or `"Duplicate"` for an id that was sent before under the name of the signal.
 * - `take` waits until the mailbox has a value, and takes the oldest one. It fails with {@link SignalMismatch} if that value
 *   does not have the type of the signal.
 *
 * @category services
 * @since 0.1.0
 */
export class Signals extends Context.Service<Signals, SignalsShape>()("effect-cano/Signals") {
  /** Makes new, empty mailboxes. */
  static readonly make: Effect.Effect<SignalsShape> = Effect.sync(() => new SignalsImpl())

  /** Provides new, empty mailboxes for each build of the layer. */
  static readonly layer: Layer.Layer<Signals> = Layer.fresh(Layer.effect(Signals, Signals.make))
}

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const isSchema = expected("a Schema", Schema.isSchema)

const sendChecks: Checks<SendOptions> = { id: optional((_, id) => nameProblems("the id", id)) }

class SignalImpl<A> implements Signal<A> {
  declare readonly [TypeId]: Invariant<A>
  readonly name: string
  readonly schema: Schema.Codec<A, any, never, never>

  constructor(name: string, schema: Schema.Codec<A, any, never, never>) {
    this.name = name
    this.schema = schema
    Object.defineProperty(this, TypeId, { value: {} })
  }

  toJSON() {
    return { _id: "Signal", name: this.name }
  }

  [NodeInspectSymbol]() {
    return this.toJSON()
  }
}

class SignalsImpl implements SignalsShape {
  readonly [MailboxesKey] = new Mailboxes(({ name }) => new SignalMismatch({ signal: name }))

  readonly send = <A>(signal: Signal<A>, value: A, options: SendOptions = {}) =>
    Effect.sync(() => {
      refuse("Signals.send", optionsProblems("options", options, sendChecks))
      return this[MailboxesKey].send(signal, value, options.id)
    })

  readonly take = <A>(signal: Signal<A>): Effect.Effect<A, SignalMismatch> => {
    const mailboxes = this[MailboxesKey]
    const taken: Effect.Effect<A, SignalMismatch> = Effect.suspend(() => {
      const polled = mailboxes.poll(signal)
      if (polled === undefined) return Effect.andThen(mailboxes.arrival(signal), taken)
      return polled as Effect.Effect<A, SignalMismatch>
    })
    return taken
  }
}
