# shellcheck shell=bash disable=SC2154,SC2016
# bare: postfix without a signer, its domains' zones in a bind9 of its own, and a package source on the disk (/srv/apt).

printf 'deb [trusted=yes] file:/srv/apt ./\n' > /etc/apt/sources.list
rm -f /etc/apt/sources.list.d/*
apt-get update -qq

mkdir -p /etc/bind/zones
for d in sklarna.example mlyn.example; do
  cat > "/etc/bind/zones/db.$d" <<B
\$TTL 3600
@	IN	SOA	bare.lab.example. hostmaster.$d. 2024050101 3600 600 86400 60
	IN	NS	bare.lab.example.
	IN	MX	10 bare.lab.example.
	IN	A	${ADDR[bare]}
	IN	TXT	"v=spf1 mx -all"
B
  printf 'zone "%s" {\n\ttype master;\n\tfile "/etc/bind/zones/db.%s";\n};\n\n' "$d" "$d" >> /etc/bind/named.conf.local
done
chown -R root:bind /etc/bind/zones
cat > /etc/bind/named.conf.options <<B
options {
	directory "/var/cache/bind";
	recursion no;
	allow-query { any; };
	allow-transfer { localhost; };
	dnssec-validation no;
};
B
named-checkconf -z /etc/bind/named.conf
sed -i 's/^OPTIONS=.*/OPTIONS="-u bind -n 1"/' /etc/default/named

# written by hand: comments, a setting over two lines, and no newline at its end
cat > /etc/postfix/main.cf <<'P'
# Postfix of bare. Edited by hand since 2021.
compatibility_level = 3.6
myhostname = bare.lab.example
mydestination = $myhostname, localhost,
	# the glassworks
	sklarna.example
relayhost = [10.99.0.2]
mynetworks = 127.0.0.0/8 [::1]/128
inet_protocols = ipv4
virtual_alias_domains = mlyn.example
virtual_alias_maps = inline:{ @mlyn.example=posta@localhost }
smtp_tls_security_level = none
smtpd_tls_security_level = none
local_recipient_maps =
luser_relay = posta
P
printf 'biff = no' >> /etc/postfix/main.cf
# what comes back from a content filter is not filtered again
cat >> /etc/postfix/master.cf <<'P'
127.0.0.1:10026 inet n  -       y       -       -       smtpd
  -o smtpd_milters=
P
mailbox_user posta
printf 'postmaster: posta\nroot: posta\n' > /etc/aliases; newaliases
enable_units named postfix ssh
