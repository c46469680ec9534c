#!/usr/bin/env bash
# Puts the programs that firn is tested and measured against into .deps/peers:
#   venv   Python with pyspark, PyIceberg, DuckDB, a Kafka client, an S3 server (moto) and pytest (peers.txt, hashes checked)
#   clients  Spark Connect's stock clients of other versions (clients.txt, hashes checked)
#   rest   Iceberg's own REST catalog server (rest-jars.txt)
#   jars   what Spark needs for Iceberg, Kafka and SQLite; kafka: a broker's class path (peers-jars.txt)
# Does nothing where they already stand. Needs python3 with venv, and mvn.
set -euo pipefail
cd "$(dirname "$0")/../.."
lists=tools/setup
peers=.deps/peers

if [ "${1:-}" = --check ]; then   # answers by its exit code whether anything is to be fetched
  cmp -s $lists/peers.txt $peers/.peers.txt && cmp -s $lists/peers-jars.txt $peers/.peers-jars.txt &&
    cmp -s $lists/clients.txt $peers/.clients.txt && cmp -s $lists/rest-jars.txt $peers/.rest-jars.txt
  exit
fi

# A venv that stands takes what is new or has another version; one of another Python is made anew. Nothing is compiled
# ahead: most of it is never imported.
install_python() {
  echo "firn: installing Spark, PyIceberg, an S3 server and pytest into $peers/venv (a few minutes, once)"
  local version
  version=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  [ -x $peers/venv/bin/$version ] && $peers/venv/bin/python -m pip --version >/dev/null 2>&1 ||
    { rm -rf $peers/venv && python3 -m venv $peers/venv; }
  $peers/venv/bin/python -m pip install -q --disable-pip-version-check --use-pep517 --no-compile --require-hashes -r $lists/peers.txt
  cp $lists/peers.txt $peers/.peers.txt
}

# The archives hold no wheel (3.5's holds Spark's jars as well): of each the package's Python files are taken out.
install_clients() {
  echo "firn: fetching Spark Connect's clients of other versions into $peers/clients"
  local work=$peers/fetch-clients
  rm -rf $peers/clients
  grep -v '^#' $lists/clients.txt | while read -r folder requirement hash; do
    rm -rf $work
    mkdir -p $work $peers/clients/"$folder"
    echo "$requirement --hash=$hash" >$work/requirement.txt
    $peers/venv/bin/python -m pip download -q --disable-pip-version-check --no-deps --no-binary :all: --use-pep517 \
      --require-hashes -r $work/requirement.txt -d $work/archives
    tar -xzf $work/archives/*.tar.gz -C $peers/clients/"$folder" --strip-components=1 --wildcards '*/pyspark/*' --exclude='*/tests/*'
  done
  rm -rf $work
  cp $lists/clients.txt $peers/.clients.txt
}

# A project that does nothing but copy a list's jars: Maven fetches each by its own coordinates.
write_pom() {
  cat <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>firn</groupId><artifactId>peers</artifactId><version>1</version>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version>
    <configuration><artifactItems>
XML
  grep -v '^#' "$1" | while read -r folder coordinates _; do
    IFS=: read -r group artifact version classifier <<<"$coordinates"
    echo "<artifactItem><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>" \
      "${classifier:+<classifier>$classifier</classifier>}" \
      "<outputDirectory>\${project.basedir}/$folder</outputDirectory></artifactItem>"
  done
  echo '</artifactItems></configuration></plugin></plugins></build></project>'
}

# install_jars LIST WHAT: the folders that the list names are made anew.
install_jars() {
  local list=$lists/$1 work=$peers/fetch-${1%.txt}
  echo "firn: fetching $2 into $peers"
  rm -rf "$work"
  mkdir -p "$work"
  write_pom "$list" >"$work"/pom.xml
  mvn -B -ntp -f "$work"/pom.xml dependency:copy >"$work"/log 2>&1 || { tail -30 "$work"/log; exit 1; }
  grep -v '^#' "$list" | while read -r folder coordinates sha; do
    IFS=: read -r _ artifact version classifier <<<"$coordinates"
    echo "$sha  $work/$folder/$artifact-$version${classifier:+-$classifier}.jar"
  done | sha256sum -c --quiet - || { echo "firn: a jar is not the file that was pinned" >&2; exit 1; }
  local folder
  for folder in $(grep -v '^#' "$list" | cut -d' ' -f1 | sort -u); do
    rm -rf "${peers:?}/$folder"
    mv "$work/$folder" $peers/
  done
  rm -rf "$work"
  cp "$list" "$peers/.$1"
}

mkdir -p $peers
{
  cmp -s $lists/peers-jars.txt $peers/.peers-jars.txt ||
    install_jars peers-jars.txt "the jars of Spark's connectors and of a Kafka broker"
  cmp -s $lists/rest-jars.txt $peers/.rest-jars.txt || install_jars rest-jars.txt "a REST catalog server"
} &
jars=$!   # beside the packages: each waits for the network most of the time
trap 'wait' EXIT
cmp -s $lists/peers.txt $peers/.peers.txt || install_python
cmp -s $lists/clients.txt $peers/.clients.txt || install_clients
wait $jars
