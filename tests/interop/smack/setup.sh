#!/bin/sh
# Makes the Smack peer of each generation in target/interop/smack, once: jars from Maven Central, classes from here.
set -eu
cd "$(dirname "$0")"
made=../../../target/interop/smack

sources=$(cat setup.sh pom.xml ./*.java ./*/*.java | cksum)

fetch() {
    said=$(mvn -q -B -P "$profile" -Dsmack="$version" -Djava="$java" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$folder/lib" 2>&1)
}

peer() { # peer VERSION PROFILE JAVA FILE...: JAVA is part of a jar's name, the files are the adapter's
    version=$1 profile=$2 java=$3 folder=$made/$1
    shift 3
    [ "$(cat "$folder/made-from" 2>/dev/null)" != "$sources" ] || return 0
    echo "setup: a peer with Smack $version into target/interop/smack"
    rm -rf "$folder"
    fetch || { echo "$said" >&2; exit 1; }
    javac -cp "$folder/lib/*" -d "$folder/classes" ./*.java "$@"
    echo "$sources" >"$folder/made-from"
}

peer 3.2.1 3 - 3.2/*
peer 4.1.9 4 java7 4/* 4.1/*
peer 4.3.4 4 java7 4/* 4.3/*
peer 4.4.8 4 java8 4/* 4.3/*
peer 4.5.0-rc1 4 java11 4/* 4.3/*
