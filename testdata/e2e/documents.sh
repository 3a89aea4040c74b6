#!/usr/bin/env bash
# The main job end to end, on the published CI-SIS documents beside this repository (../shared/data/cda/examples): a server as "make run" starts it, carnet import
# --open-records of every document, a search by INS, the bytes and the metadata compared, and everything sent once more. It fails when the documents are not there.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! compgen -G "../shared/data/cda/examples/*.xml" >/dev/null; then
  echo "no published documents in ../shared/data/cda/examples" >&2
  exit 1
fi
exec go test -count=1 -v -run '^TestThePublishedDocuments' ./cmd/carnet
