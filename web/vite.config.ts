import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // The size budget reads from the manifest which files the first page loads.
    manifest: true,
    // Both would write inline code, which the content-security policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    // Development against a running `meetpoint demo`: MEETPOINT_URL is what it printed.
    proxy: Object.fromEntries(
      ["/session", "/tenant", "/operator", "/programme", "/openapi.json"].map((path) => [
        path,
        { target: process.env["MEETPOINT_URL"] ?? "http://127.0.0.1:8080", changeOrigin: true },
      ]),
    ),
  },
});
