import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const out = '../built';

/** The function embeds every file as NAME.br and NAME.gz only. The same sources give the same bytes. */
function compressed(): Plugin {
  const files = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path) : [path];
    });
  return {
    name: 'compressed',
    apply: 'build',
    buildStart() {
      for (const file of readdirSync(out)) if (file !== '.keep') rmSync(join(out, file), { recursive: true });
    },
    closeBundle() {
      for (const file of files(out).filter((path) => !/\.(br|gz|keep)$/.test(path))) {
        const text = readFileSync(file);
        const br = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: text.length } });
        writeFileSync(`${file}.br`, br);
        writeFileSync(`${file}.gz`, gzipSync(text, { level: 9 }));
        rmSync(file);
        console.log(`${relative(out, file).padEnd(40)} ${(br.length / 1000).toFixed(1).padStart(8)} kB as br`);
      }
    },
  };
}

export default defineConfig({
  base: './', // it works below any prefix
  plugins: [react(), compressed()],
  html: { cspNonce: 'CSP-NONCE-OF-THIS-ANSWER' }, // console.go puts a new one in every answer
  build: {
    outDir: out,
    emptyOutDir: false,
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // no data: scripts or styles
    rollupOptions: { output: { experimentalMinChunkSize: 30_000 } }, // each file is an invocation
  },
  server: { proxy: { '/api': process.env.API ?? 'http://127.0.0.1:9701' } }, // npm run dev beside make local
});
