import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "effect-cano-node",
    include: ["test/**/*.test.ts"]
  }
})
