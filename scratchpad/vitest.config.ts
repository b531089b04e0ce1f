import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "scratchpad",
    include: ["test/**/*.test.ts"]
  }
})
