# shellcheck shell=bash disable=SC2154,SC2016,SC2001
# mx2: postfix + opendkim (one domain, Unix socket in postfix's chroot) + bind9 with views. Log-in by key as a user whose
# sudo asks for a password; his shell greets and his profile is chatty.
echo 'spravce ALL=(ALL) ALL' > /etc/sudoers.d/spravce; chmod 440 /etc/sudoers.d/spravce
printf 'spravce:%s\n' "$(cat "$S/mx2.sudo")" | chpasswd
sed -i 's/^#PermitRootLogin.*/PermitRootLogin no/' /etc/ssh/sshd_config
printf 'Welcome to mx2. Ask Jana before you change anything.\n' > /etc/ssh/banner
echo 'Banner /etc/ssh/banner' >> /etc/ssh/sshd_config
printf 'echo "Today is $(date +%%A)."\nexport LC_ALL=cs_CZ.UTF-8\n' > /home/spravce/.bashrc
chown spravce: /home/spravce/.bashrc

# --- DKIM: one domain, as the package's own comments suggest
install -d -m 700 -o opendkim -g opendkim /etc/dkimkeys
opendkim-genkey -b 2048 -d kavarna.example -s mx2 -D /etc/dkimkeys 2>/dev/null
mv /etc/dkimkeys/mx2.private /etc/dkimkeys/kavarna.private
chown opendkim: /etc/dkimkeys/*; chmod 600 /etc/dkimkeys/kavarna.private
install -d -m 750 -o opendkim -g postfix /var/spool/postfix/opendkim
cat > /etc/opendkim.conf <<'O'
# This is a basic configuration for signing and verifying. It can easily be
# adapted to suit a basic installation. See opendkim.conf(5) and
# /usr/share/doc/opendkim/examples/opendkim.conf.sample for complete
# documentation of available configuration parameters.

Syslog			yes
SyslogSuccess		yes

# Common signing and verification parameters.
Canonicalization	relaxed/simple
#Mode			sv
#SubDomains		no
OversignHeaders		From

# Signing domain, selector, and key (required).
Domain			kavarna.example
Selector		mx2
KeyFile		/etc/dkimkeys/kavarna.private

UserID			opendkim
UMask			007
Socket			local:/var/spool/postfix/opendkim/opendkim.sock
PidFile			/run/opendkim/opendkim.pid

TrustAnchorFile		/usr/share/dns/root.key
O
usermod -a -G opendkim postfix

# --- zones, in two views
cp -r "$L/files/zones" /etc/bind/zones
REC=$(sed 's/^mx2\._domainkey/mx2._domainkey.kavarna.example./' /etc/dkimkeys/mx2.txt) perl -0pi -e 's/\@\@DKIM [^@]*\@\@/$ENV{REC}/' /etc/bind/zones/db.kavarna.example
rm /etc/dkimkeys/mx2.txt
chown -R root:bind /etc/bind/zones
cat > /etc/bind/named.conf.options <<'B'
options {
	directory "/var/cache/bind";
	recursion no;
	allow-query { any; };
	allow-transfer { localhost; };
	dnssec-validation no;
	listen-on-v6 { any; };
};
B
cat > /etc/bind/named.conf <<'B'
include "/etc/bind/named.conf.options";

view "inside" {
	match-clients { localhost; 192.168.7.0/24; };
	zone "kavarna.example" { type master; file "/etc/bind/zones/db.kavarna.example"; };
	zone "hudba.example" { type master; file "/etc/bind/zones/db.hudba.example"; };
	zone "trafika.example" { type master; file "/etc/bind/zones/internal.trafika.example"; };
};

view "outside" {
	match-clients { any; };
	zone "kavarna.example" { in-view "inside"; };
	zone "hudba.example" { in-view "inside"; };
	zone "trafika.example" {
		type master;
		file "/etc/bind/zones/db.trafika.example";
	};
};
B
named-checkconf -z /etc/bind/named.conf

# --- postfix: domains inline, in a map and in a plain file
postconf -e 'myhostname = mx2.lab.example' 'mydestination = $myhostname, localhost, kavarna.example' \
  'relayhost = [10.99.0.2]' 'mynetworks = 127.0.0.0/8 [::1]/128' 'inet_protocols = ipv4' \
  'virtual_alias_domains = lmdb:/etc/postfix/vdomains' 'virtual_alias_maps = hash:/etc/postfix/virtual' \
  'relay_domains = /etc/postfix/relay' \
  'milter_default_action = tempfail' 'milter_protocol = 6' \
  'smtpd_milters = unix:opendkim/opendkim.sock' 'non_smtpd_milters = unix:opendkim/opendkim.sock' \
  'smtp_tls_security_level = none' 'smtpd_tls_security_level = none' 'local_recipient_maps ='
mailbox_user posta
{
  printf '# domain\tsince\n'
  while read -r dom mail _; do
    [[ $dom = \#* || $mail != mx2 || $dom = kavarna.example || $dom = cestovka.example ]] || printf '%s\t2024\n' "$dom"
  done < /tmp/lab/lib/domains
  printf 'sdilena.example\t2025\n'
} > /etc/postfix/vdomains
grep -v '^#' /etc/postfix/vdomains | while read -r dom _; do printf '@%-36s %s\n' "$dom" posta@localhost; done > /etc/postfix/virtual
printf '# passed on to the agency\ncestovka.example\n' > /etc/postfix/relay
postmap /etc/postfix/virtual; postmap lmdb:/etc/postfix/vdomains
printf 'postmaster: posta\ninfo: posta\nroot: posta\n' > /etc/aliases; newaliases
postconf -e 'luser_relay = posta'
enable_units named postfix opendkim rsyslog ssh
