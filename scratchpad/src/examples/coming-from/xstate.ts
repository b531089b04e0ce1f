/** A payment in XState: a busy bank is asked again, a declined charge is an end of its own. */
// #region program
import { assign, createActor, fromPromise, setup, toPromise } from "xstate"

class BankBusy extends Error {}
class Declined extends Error {}

let calls = 0
const bank = async (cents: number): Promise<string> => {
  calls++
  if (cents > 50_000) throw new Declined("over the limit")
  if (calls < 3) throw new BankBusy()
  return `receipt over ${cents}`
}

const payment = setup({
  types: {
    input: {} as { cents: number },
    context: {} as { cents: number; retries: number; note: string }
  },
  actors: {
    charge: fromPromise(({ input }: { input: { cents: number } }) => bank(input.cents))
  },
  delays: { backoff: ({ context }) => 10 * 2 ** context.retries }
}).createMachine({
  id: "payment",
  context: ({ input }) => ({ cents: input.cents, retries: 0, note: "" }),
  initial: "Charge",
  states: {
    Charge: {
      invoke: {
        src: "charge",
        input: ({ context }) => ({ cents: context.cents }),
        onDone: { target: "Paid", actions: assign({ note: ({ event }) => event.output }) },
        onError: [
          {
            guard: ({ event }) => event.error instanceof Declined,
            target: "Refused",
            actions: assign({ note: ({ event }) => (event.error as Declined).message })
          },
          {
            guard: ({ context, event }) => event.error instanceof BankBusy && context.retries < 2,
            target: "Wait"
          },
          { target: "Failed" }
        ]
      }
    },
    Wait: {
      after: { backoff: { target: "Charge", actions: assign({ retries: ({ context }) => context.retries + 1 }) } }
    },
    Paid: { type: "final" },
    Refused: { type: "final" },
    Failed: { type: "final" }
  }
})

const pay = async (cents: number): Promise<void> => {
  const actor = createActor(payment, { input: { cents } }).start()
  await toPromise(actor)
  const { context, value } = actor.getSnapshot()
  console.log(`${value}: ${context.note}`)
}

await pay(499)
console.log(`${calls} calls`)
await pay(99_900)
// #endregion
