import { join } from "node:path"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import { Annotation, END, START, StateGraph } from "@langchain/langgraph"
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite"
import type { Prepare } from "../harness/contender.ts"
import { makeDirectory } from "../journal/directory.ts"
import type { Synchronous } from "../journal/raw.ts"
import { order, runIdsOf, stepsPerRun } from "./order.ts"

/** The part of `better-sqlite3` that the saver of LangGraph calls, on the SQLite of Node. */
class Sqlite {
  private readonly db: DatabaseSync

  constructor(file: string, synchronous: Synchronous) {
    this.db = new DatabaseSync(file)
    this.db.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}`)
  }

  pragma(text: string): void {
    this.db.exec(`pragma ${text}`)
  }

  exec(sql: string): void {
    this.db.exec(sql)
  }

  prepare(sql: string) {
    const statement = this.db.prepare(sql)
    const values = (parameters: ReadonlyArray<SQLInputValue | undefined>) => parameters.map((value) => value ?? null)
    return {
      run: (...parameters: ReadonlyArray<SQLInputValue | undefined>) => statement.run(...values(parameters)),
      get: (...parameters: ReadonlyArray<SQLInputValue | undefined>) => statement.get(...values(parameters)),
      all: (...parameters: ReadonlyArray<SQLInputValue | undefined>) => statement.all(...values(parameters))
    }
  }

  transaction<A extends ReadonlyArray<unknown>>(body: (...args: A) => void) {
    return (...args: A): void => {
      this.db.exec("begin")
      body(...args)
      this.db.exec("commit")
    }
  }
}

/** A node that goes to itself, with a thread for each run. A checkpoint is written before the next step begins. */
export const inFile =
  (synchronous: Synchronous, lanes: number): Prepare =>
  (operations) => {
    const db = new Sqlite(join(makeDirectory(), "graph.db"), synchronous)
    const graph = new StateGraph(
      Annotation.Root({ order: Annotation<string>, note: Annotation<string>, left: Annotation<number> })
    )
      .addNode("step", ({ left }) => ({ left: left - 1 }))
      .addEdge(START, "step")
      .addConditionalEdges("step", ({ left }) => (left > 0 ? "step" : END), ["step", END])
      .compile({ checkpointer: new SqliteSaver(db as never) })
    const lane = async (threads: ReadonlyArray<string>): Promise<void> => {
      for (const thread_id of threads) {
        const config = { configurable: { thread_id }, recursionLimit: stepsPerRun + 1, durability: "sync" } as const
        const { left } = await graph.invoke({ ...order, left: stepsPerRun }, config)
        if (left !== 0) throw new Error(`the graph ended with ${left} steps left`)
      }
    }
    let call = 0
    return async () => {
      const prefix = ++call
      await Promise.all(Array.from({ length: lanes }, (_, n) => lane(runIdsOf(prefix, n, operations, lanes))))
      return operations
    }
  }
