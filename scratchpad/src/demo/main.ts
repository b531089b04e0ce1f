/**
 * The entry point: `pnpm demo`, `pnpm demo --help`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Command from "effect/cli/Command"
import { demo, layerCli } from "./cli.ts"

Command.run(demo, { version: "0.1.0" }).pipe(
  Effect.provide(Layer.merge(layerCli, NodeServices.layer)),
  NodeRuntime.runMain
)
