#!/bin/sh
# Puts the sender domains of the cases into DNS (run in sink); standard input: lines of the zone sender.example, where
# "KEY" stands for the public key. The key is made here, each time.
set -eu
openssl genrsa -traditional -out /etc/lab/inbound.private 2048 2>/dev/null
public=$(openssl rsa -in /etc/lab/inbound.private -pubout 2>/dev/null | grep -v -e ----- | tr -d '\n' | sed 's/.\{200\}/&" "/g')
zone=/etc/nsd/zones/sender.example.zone
sed "s|KEY|$public|" >/etc/nsd/zones/inbound.inc
grep -q inbound.inc $zone || echo '$INCLUDE /etc/nsd/zones/inbound.inc' >>$zone
serial=$(date +%s)
sed -i "s/\( SOA [^ ]* [^ ]* \)[0-9]*/\1$serial/" $zone
nsd-checkzone sender.example $zone >/dev/null
nsd-control reload sender.example >/dev/null
