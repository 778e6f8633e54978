#!/usr/bin/env bash
# Builds the scripts of others that our pages carry: dashboards/static/{echarts,htmx}.js with their
# licences and SHA-256. `vendor.sh --check` builds them elsewhere and says what differs.
# Versions are pinned in scripts/vendored; no package runs a program of its own while installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

here=scripts/vendored
static=dashboards/static
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$static
[ "${1:-}" != --check ] || out=$work/static
mkdir -p "$out"

cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$here"/echarts.js "$work"
npm ci --prefix "$work" --cache "$work/cache" --ignore-scripts --silent
packages=$work/node_modules

version() { node -p "require('$packages/$1/package.json').version"; }

"$packages/.bin/esbuild" "$work/echarts.js" --bundle --minify --format=iife --target=es2020 \
  --legal-comments=none --log-level=warning \
  --banner:js="/* Apache ECharts $(version echarts), Apache-2.0: see echarts.NOTICE.txt */" \
  --outfile="$out/echarts.js"
cp "$packages/htmx.org/dist/htmx.min.js" "$out/htmx.js"

cp "$packages/echarts/NOTICE" "$out/echarts.NOTICE.txt"
for licence in echarts/LICENSE echarts/licenses/LICENSE-d3 zrender/LICENSE tslib/LICENSE.txt; do
  printf '== %s ==\n\n' "$licence"
  cat "$packages/$licence"
  printf '\n'
done > "$out/echarts.LICENSE.txt"
cp "$packages/htmx.org/LICENSE" "$out/htmx.LICENSE.txt"

{
  printf '# echarts %s, zrender %s, htmx.org %s, built by esbuild %s (scripts/vendor.sh)\n' \
    "$(version echarts)" "$(version zrender)" "$(version htmx.org)" "$(version esbuild)"
  (cd "$out" && sha256sum echarts.js htmx.js)
} > "$out/vendored.sha256"

[ "$out" = "$static" ] || for built in "$out"/*; do cmp "$built" "$static/${built##*/}"; done
ls -l "$out"/echarts.js "$out"/htmx.js
