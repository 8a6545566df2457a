#!/usr/bin/env bash
# docker-registry 2.8.2 (Debian 12, CNCF Distribution): a manifest of the OCI's type is there for those alone who say that
# they accept it. A GET or HEAD without an Accept header, or with "*/*" as HTTP clients send it by themselves, is answered
# with 404 and MANIFEST_UNKNOWN, as for a name that does not exist. So a plain request cannot tell whether an image is
# there.
#
# Output seen:
#   no Accept: GET 404, HEAD 404
#   */*: GET 404, HEAD 404
#   its type: GET 200, HEAD 200
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq docker-registry=2.8.2+ds1-1 >/dev/null 2>&1
dpkg -x ./*.deb .
port=5077
cat >config.yml <<YML
version: 0.1
storage: { filesystem: { rootdirectory: $dir/data } }
http: { addr: "127.0.0.1:$port" }
YML
usr/bin/docker-registry serve config.yml >log 2>&1 &
server=$!
url=http://127.0.0.1:$port/v2/a
until curl -so /dev/null "http://127.0.0.1:$port/v2/"; do sleep 0.1; done
printf {} >config
digest=sha256:$(sha256sum <config | cut -d' ' -f1)
location=$(curl -sD - -o /dev/null -X POST "$url/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //p')
curl -sfo /dev/null -X PUT --data-binary @config -H "Content-Type: application/octet-stream" "$location&digest=$digest"
type=application/vnd.oci.image.manifest.v1+json
config="{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":2,\"digest\":\"$digest\"}"
curl -sfo /dev/null -X PUT -H "Content-Type: $type" "$url/manifests/1" \
  -d "{\"schemaVersion\":2,\"mediaType\":\"$type\",\"config\":$config,\"layers\":[]}"
seen=""
status() { curl -so /dev/null -w '%{http_code}' "$@" "$url/manifests/1"; }
for accept in "no Accept:" "*/*" "its type"; do
  case $accept in
    no*) header=Accept: ;;
    its*) header="Accept: $type" ;;
    *) header="Accept: $accept" ;;
  esac
  seen+="${accept%:}: GET $(status -H "$header"), HEAD $(status -I -H "$header")"$'\n'
done
printf %s "$seen"
[ "$seen" = $'no Accept: GET 404, HEAD 404\n*/*: GET 404, HEAD 404\nits type: GET 200, HEAD 200\n' ]
