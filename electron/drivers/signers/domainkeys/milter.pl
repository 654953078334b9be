#!/usr/bin/perl
# signet-domainkeys: DomainKeys (RFC 4870) for an MTA that speaks the milter protocol. It signs outgoing mail with a
# DomainKey-Signature, and judges incoming mail by its DKIM and DomainKeys signatures and by its sender's policies.
# Installed by Signet.
#
#   signet-domainkeys CONFIG                 serves
#   signet-domainkeys -n CONFIG [KEYTABLE]   names what is wrong in it and in its key table (or that one), as FILE:LINE: TEXT;
#                                            status 0 or 78
#   signet-domainkeys --check CONFIG [KEYTABLE]   the same, and whether each key can be used
#
# The configuration has one setting a line, its name in any case; from # on a line is a comment.
#
#   Socket       inet:PORT@IPV4-ADDRESS, where systemd brings none         inet:8892@127.0.0.1
#   Sign         yes|no    outgoing mail of the domains in the table       yes
#   Verify       yes|no    incoming mail                                   no
#   Failing      discard|reject|tag: what becomes of failing mail          tag
#   Policies     which of domainkeys, adsp, dmarc count, or none           domainkeys adsp dmarc
#   Internal     networks whose mail is signed and not verified, beside loopback
#   MinimumBits  a signature with a shorter key is as if not there         1024
#   AuthservId   name in Authentication-Results                            what the MTA calls itself
#   Nameservers  ADDRESS or ADDRESS@PORT (one port for all)                those of the system
#   KeyTable     its file                                                  /etc/signet-domainkeys/keytable
#
# The key table has a line for each signature: DOMAIN SELECTOR /PATH/OF/PRIVATE/KEY. Table and configuration are read again
# as soon as they change, and at SIGHUP (Socket takes a restart). That ends no connection; what is not well is logged, and what
# was read before stays in force. Keys are read when they sign. Nothing of a key, and no content of a message, is logged.
#
# One process for each connection, forked off a parent that touches no mail: what dies takes one session with it. Mail
# that is to be signed and whose key cannot be used waits (451); it never leaves unsigned.
#
# The rule. One good signature of the author's domain (d= is it or above it) is enough. A signature that fails with a key
# that is published fails the message, and so does a policy that says that all mail is signed (o=-, ADSP all and discardable,
# DMARC quarantine and reject) when there is none: SPF is not looked at. A signature whose key is missing, revoked, too
# short or of an algorithm unknown here is as if not there. No signature and no policy: accepted as it is. Test mode (t=y, in key or
# policy) and DNS that does not answer never fail a message; nor does an error of this program.

package Signet::DomainKeys::Context;
use strict;
use warnings;
use IO::Select;
use Sendmail::PMilter::Context;
our @ISA = ('Sendmail::PMilter::Context');

# Of milter protocol 6, which the library does not know: values with their leading space (without it, the simple
# canonicalization of "Subject:x" and "Subject: x" cannot be told apart), and header fields that are not answered one by one.
use constant { HDR_LEADSPC => 0x100000, NR_HDR => 0x80, NODATA => 0x200, NOUNKNOWN => 0x100 };
use constant IDLE_SECONDS => 3600;

our $stopping = 0;

sub new {
    my ($class, @arguments) = @_;
    my $self = $class->SUPER::new(@arguments);
    $self->{protocol} |= HDR_LEADSPC | NR_HDR | NODATA | NOUNKNOWN;
    return $self;
}

# The library takes an interrupted call for the end of the connection.
sub read_block {
    my ($self, $buffer, $length) = @_;
    my ($so_far, $socket) = (0, $self->{socket});
    my $select = IO::Select->new($socket);
    $$buffer = '';
    while ($so_far < $length) {
        return if $stopping && $so_far == 0 && !$self->{in_message};
        if (!$select->can_read(IDLE_SECONDS)) {
            next if $!{EINTR};
            return;
        }
        my $read = sysread $socket, $$buffer, $length - $so_far, $so_far;
        next if !defined $read && $!{EINTR};
        return if !$read;
        $so_far += $read;
    }
    return 1;
}

# One write for a packet, and all of it.
sub write_packet {
    my ($self, $code, $out) = @_;
    $out //= '';
    if ($code eq 'O') {
        my (undef, $actions, $protocol) = unpack 'NNN', $out;
        $self->{agreed} = $protocol;
        $out = pack 'NNN', ($protocol & ~0x7f) ? 6 : 2, $actions, $protocol;
    }
    return if $code eq 'c' && ($self->{cb} // '') eq 'header' && ($self->{agreed} // 0) & NR_HDR;
    my $packet = pack('N', length($out) + 1) . $code . $out;
    my $sent = 0;
    while ($sent < length $packet) {
        my $count = syswrite $self->{socket}, $packet, length($packet) - $sent, $sent;
        next if !defined $count && $!{EINTR};
        return if !$count;
        $sent += $count;
    }
    return 1;
}

sub leading_space { return ($_[0]{agreed} // 0) & HDR_LEADSPC ? 1 : 0 }

# `value` begins without a space and folds with \n; it comes above everything that is there.
sub prepend_header {
    my ($self, $name, $value) = @_;
    $value = " $value" if $self->leading_space;
    return $self->write_packet('i', pack('N', 0) . "$name\0$value\0");
}

sub remove_header {
    my ($self, $name, $index) = @_;
    return $self->write_packet('m', pack('N', $index) . "$name\0\0");
}

# Only signatures that say something about the author are looked at: who has others look up many names gains nothing.
package Signet::DomainKeys::Verifier;
use strict;
use warnings;
use Mail::DKIM::Verifier;
our @ISA = ('Mail::DKIM::Verifier');

sub add_signature {
    my ($self, $signature) = @_;
    my $domain = lc(eval { $signature->domain } // '');
    return if !grep { Signet::DomainKeys::is_related($domain, $_) } @{ $self->{Authors} };
    return $self->SUPER::add_signature($signature);
}

package Signet::DomainKeys;
use strict;
use warnings;
use Crypt::OpenSSL::RSA;
use IO::Select;
use IO::Socket::INET;
use Mail::Address;
use Mail::DKIM::DNS;
use Mail::DKIM::DkSignature;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use Net::DNS;
use POSIX qw(WNOHANG);
use Sendmail::PMilter qw(:all);
use Socket qw(AF_INET AF_INET6 inet_pton unpack_sockaddr_in sockaddr_family);
use Sys::Hostname ();
use Sys::Syslog ();

use constant {
    EX_USAGE           => 64,
    EX_CONFIG          => 78,
    LOOK_UP_SECONDS    => 5,
    MESSAGE_SECONDS    => 15,
    JUDGE_SECONDS      => 60,
    MOST_CONNECTIONS   => 256,
    MOST_AUTHORS       => 5,
    MOST_SIGNATURES    => 10,
    LONGEST_ADDRESSES  => 4000,
};
$Mail::DKIM::Verifier::MAX_SIGNATURES_TO_PROCESS = MOST_SIGNATURES;

# ---------------------------------------------------------------- log

# Text of messages is hostile.
sub printable {
    my ($text) = @_;
    $text =~ s/[^\x20-\x7e]/?/g;
    return length $text > 300 ? substr($text, 0, 300) . '...' : $text;
}

sub note {
    my ($level, $text) = @_;
    $text = printable($text);
    # (a log that is away is no reason to lose mail)
    eval { Sys::Syslog::syslog($level, '%s', $text); 1 } or print STDERR "signet-domainkeys: $text\n";
    return;
}

# ---------------------------------------------------------------- configuration

my %directives = (
    socket           => [ 'inet:8892@127.0.0.1', sub { $_[0] =~ /^inet:(\d{1,5})\@([\d.]+)$/ && $1 > 0 && $1 < 65536 && packed($2) ? $_[0] : undef } ],
    sign             => [ 1, \&yes_or_no ],
    verify           => [ 0, \&yes_or_no ],
    failing          => [ 'tag', sub { $_[0] =~ /^(discard|reject|tag)$/i ? lc $1 : undef } ],
    policies         => [ { domainkeys => 1, adsp => 1, dmarc => 1 }, \&policies_of ],
    internal         => [ [], \&networks_of ],
    minimumbits      => [ 1024, sub { $_[0] =~ /^\d{3,5}$/ ? int $_[0] : undef } ],
    nameservers      => [ [], \&nameservers_of ],
    keytable         => [ '/etc/signet-domainkeys/keytable', sub { $_[0] =~ m{^/\S+$} ? $_[0] : undef } ],
    authservid       => [ '', sub { is_name($_[0]) ? $_[0] : undef } ],
);

sub yes_or_no { return $_[0] =~ /^yes$/i ? 1 : $_[0] =~ /^no$/i ? 0 : undef }

sub policies_of {
    my @words = split /[\s,]+/, lc $_[0];
    return {} if @words == 1 && $words[0] eq 'none';
    return if !@words || grep { !/^(?:domainkeys|adsp|dmarc)$/ } @words;
    return { map { $_ => 1 } @words };
}

sub networks_of {
    my @networks = map { scalar network_of($_) } split /[\s,]+/, $_[0];
    return (grep { !$_ } @networks) ? undef : \@networks;
}

sub nameservers_of {
    my @servers = map { /^([0-9a-fA-F.:]+)(?:\@(\d{1,5}))?$/ && packed($1) ? [ $1, $2 // 53 ] : undef } split /[\s,]+/, $_[0];
    return if !@servers || grep { !$_ || $_->[1] != ($servers[0] || [0, 0])->[1] } @servers;
    return \@servers;
}

# An address as bytes; an IPv4 address within IPv6 is the IPv4 address.
sub packed {
    my ($address) = @_;
    $address =~ s/^IPv6://i;
    my $bytes = $address =~ /:/ ? inet_pton(AF_INET6, $address) : inet_pton(AF_INET, $address);
    return defined $bytes && $bytes =~ /^\0{10}\xff\xff(.{4})$/s ? $1 : $bytes;
}

sub network_of {
    my ($address, $bits) = split m{/}, $_[0], 2;
    $address =~ s/^\[(.*)\]$/$1/;
    my $bytes = packed($address);
    return if !defined $bytes || (defined $bits && $bits !~ /^\d{1,3}$/);
    $bits //= 8 * length $bytes;
    return $bits > 8 * length $bytes ? undef : [ $bytes, $bits ];
}

my @loopback = map { network_of($_) } qw(127.0.0.0/8 ::1/128);

sub is_within {
    my ($bytes, $network) = @_;
    my ($start, $bits) = @$network;
    return length $bytes == length $start && substr(unpack('B*', $bytes), 0, $bits) eq substr(unpack('B*', $start), 0, $bits);
}

sub lines_of {
    my ($path) = @_;
    open my $file, '<', $path or die "$path:0: cannot be read: $!\n";
    my @lines = <$file>;
    close $file or die "$path:0: cannot be read: $!\n";
    chomp @lines;
    my $number = 0;
    return grep { $_->[1] ne '' } map { my $line = $_; $line =~ s/#.*//; $line =~ s/^\s+|\s+$//g; [ ++$number, $line ] } @lines;
}

# Dies with all that is wrong, one "FILE:LINE: TEXT" a line.
sub read_config {
    my ($path) = @_;
    my (%config, @wrong);
    for (lines_of($path)) {
        my ($number, $line) = @$_;
        my ($name, $value) = split ' ', $line, 2;
        my $directive = $directives{ lc $name };
        if    (!$directive)                 { push @wrong, "$path:$number: there is no setting " . printable($name) }
        elsif (exists $config{ lc $name }) { push @wrong, "$path:$number: $name is there twice" }
        elsif (!defined($config{ lc $name } = $directive->[1]->($value // ''))) {
            push @wrong, "$path:$number: not a value of $name: " . printable($value // 'nothing');
        }
    }
    die join("\n", @wrong) . "\n" if @wrong;
    $config{$_} //= $directives{$_}[0] for keys %directives;
    return \%config;
}

sub read_table {
    my ($path) = @_;
    my (%table, @wrong);
    for (lines_of($path)) {
        my ($number, $line) = @$_;
        my ($domain, $selector, $key, $more) = split ' ', $line;
        if (!defined $key || defined $more || $key !~ m{^/}) { push @wrong, "$path:$number: not DOMAIN SELECTOR /PATH" }
        elsif (!is_name($domain) || !is_name($selector)) { push @wrong, "$path:$number: not a domain and a selector" }
        else { push @{ $table{ lc $domain } }, { selector => $selector, key => $key, line => $number } }
    }
    die join("\n", @wrong) . "\n" if @wrong;
    return \%table;
}

# A name that can be looked up; underscores are usual in those of records.
sub is_name {
    my ($name) = @_;
    return defined $name && length $name <= 253 && $name =~ /^[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*$/i;
}

sub load_key {
    my ($path) = @_;
    open my $file, '<', $path or die "$path cannot be read: $!\n";
    my $text = join '', <$file>;
    close $file or die "$path cannot be read: $!\n";
    # the library would take PKCS #8 for PKCS #1
    my $rsa = eval { Crypt::OpenSSL::RSA->new_private_key($text) } or die "$path is no private RSA key\n";
    return (Mail::DKIM::PrivateKey->load(Cork => $rsa), 8 * $rsa->size);
}

sub check {
    my ($path, $table_path, $with_keys) = @_;
    my $read = eval { read_config($path) } or do { print STDERR $@; return EX_CONFIG };
    $table_path //= $read->{keytable};
    my $entries = eval { read_table($table_path) } or do { print STDERR $@; return EX_CONFIG };
    my @wrong;
    for my $entry (sort { $a->{line} <=> $b->{line} } map { @$_ } $with_keys ? values %$entries : ()) {
        my ($place, $bits) = ("$table_path:$entry->{line}");
        eval { (undef, $bits) = load_key($entry->{key}); 1 } or do { chomp(my $why = $@); push @wrong, "$place: $why"; next };
        push @wrong, "$place: the key has $bits bits, less than MinimumBits" if $bits < $read->{minimumbits};
        push @wrong, "$place: everybody may read $entry->{key}" if (stat $entry->{key})[2] & 07;
    }
    print STDERR map { "$_\n" } @wrong;
    return @wrong ? EX_CONFIG : 0;
}

# ---------------------------------------------------------------- DNS

our ($config, $table, $deadline, %answers);
our $look_up = \&ask_dns;    # (name, type) -> [text, ...]; undef: no such name. Dies "temporary: ...\n".

sub resolver {
    my %options = (retry => 2, retrans => 2, udp_timeout => 2, tcp_timeout => 3, udppacketsize => 1232, recurse => 1);
    my $servers = $config->{nameservers};
    $options{nameservers} = [ map { $_->[0] } @$servers ], $options{port} = $servers->[0][1] if @$servers;
    return Net::DNS::Resolver->new(%options, defnames => 0, dnsrch => 0);
}

sub ask_dns {
    my ($name, $type) = @_;
    my $left = ($deadline // time + MESSAGE_SECONDS) - time;
    die "temporary: the time for DNS is up\n" if $left <= 0;
    my $resolver = resolver();
    my $before = alarm 0;
    my $reply;
    eval {
        local $SIG{ALRM} = sub { die "temporary: no answer for $name\n" };
        alarm($left < LOOK_UP_SECONDS ? $left : LOOK_UP_SECONDS);
        $reply = $resolver->send("$name.", $type);
        alarm 0;
        1;
    } or do { alarm $before; die "temporary: no answer for $name\n" };
    alarm $before;
    my $code = $reply ? $reply->header->rcode : $resolver->errorstring;
    return if $code eq 'NXDOMAIN';
    die "temporary: $code for $name\n" if $code ne 'NOERROR';
    return [ map { join '', $_->txtdata } grep { $_->type eq 'TXT' } $reply->answer ];
}

# Once a message: what one part of a verdict was told, the next is told too.
sub texts {
    my ($name, $type) = (lc $_[0], $_[1] // 'TXT');
    return if !is_name($name);
    $answers{"$name/$type"} //= do {
        my $answer = eval { [ $look_up->($name, $type) ] };
        $answer // [ undef, $@ =~ /^temporary/ ? $@ : "temporary: $@" ];
    };
    my ($found, $error) = @{ $answers{"$name/$type"} };
    die $error if $error;
    return $found;
}

{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub {
        my ($name, $type) = @_;
        my $found = texts($name, $type);
        $@ = $found ? @$found ? 'NOERROR' : 'NODATA' : 'NXDOMAIN';
        return if $type ne 'TXT' || !$found;
        return map { Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => [ unpack '(a255)*', $_ ]) } grep { $_ ne '' } @$found;
    };

    # The library finds no identity in a field that is folded, or that the signature does not name.
    my $original = \&Mail::DKIM::Algorithm::dk_rsa_sha1::finish_header;
    *Mail::DKIM::Algorithm::dk_rsa_sha1::finish_header = sub {
        my ($self, %arguments) = @_;
        $self->$original(%arguments);
        my %addresses = addresses_in(@{ $arguments{Headers} });
        my ($source) = grep { @{ $addresses{$_} } } qw(sender from);
        $self->signature->init_identity($addresses{$source}[0], "header.$source") if $self->signature && $source;
        return;
    };
}

sub tags_of {
    my ($text) = @_;
    return { map { /^\s*([A-Za-z]\w*)\s*=\s*(.*?)\s*$/s ? (lc $1 => $2) : () } split /;/, $text };
}

# ---------------------------------------------------------------- addresses

sub addresses_in {
    my %found = (from => [], sender => []);
    for my $field (@_) {
        next if $field !~ /^(from|sender)\s*:(.*)$/si;
        my ($name, $value) = (lc $1, substr $2, 0, LONGEST_ADDRESSES);
        $value =~ s/[\r\n]+//g;
        push @{ $found{$name} }, grep { defined && /\@[^@]+$/ } map { $_->address } eval { Mail::Address->parse($value) };
    }
    return %found;
}

sub domain_of {
    my ($address) = @_;
    my ($domain) = $address =~ /\@([^@\s>]+?)\.?$/;
    return lc($domain // '');
}

sub unique { my %seen; return grep { $_ ne '' && !$seen{$_}++ } @_ }

# Whether a signature of the one may matter to mail of the other: by RFC 4870 and 6376, or as DMARC aligns.
sub is_related {
    my ($one, $other) = @_;
    return covers($one, $other) || covers($other, $one) || last_two($one) eq last_two($other);
}

sub last_two { my @labels = split /\./, $_[0]; return join '.', @labels > 2 ? @labels[ -2, -1 ] : @labels }

# Whether mail of `domain` can be signed with d=`signing`: it, or one above it but no top-level domain.
sub covers { my ($signing, $domain) = @_; return $signing eq $domain || ($signing =~ /\./ && $domain =~ /\.\Q$signing\E$/) }

# ---------------------------------------------------------------- verdict

# Of one signature: good, bad, test (bad, of a key in test mode), temporary, or none (as if not there), and why.
sub state_of {
    my ($signature) = @_;
    my $is_domainkeys = $signature->isa('Mail::DKIM::DkSignature');
    my ($result, $why) = ($signature->result // 'invalid', $signature->{verify_details} // '');
    return [ 'temporary', $why ] if $why =~ /^public key: temporary/;
    return [ 'none', $why || 'invalid' ] if $result eq 'invalid' && $why ne 'signature is expired';
    my $key = eval { $signature->get_public_key };
    return [ $@ =~ /^temporary/ ? 'temporary' : 'none', $@ ] if !$key;
    my $bits = eval { 8 * $key->cork->size } // 0;
    return [ 'none', "the key has $bits bits" ] if $bits < $config->{minimumbits};
    return [ 'none', 'rsa-sha1 in DKIM' ] if !$is_domainkeys && $signature->algorithm eq 'rsa-sha1';
    return [ 'good', '' ] if $result eq 'pass';
    return [ $key->testing ? 'test' : 'bad', $why ];
}

sub examine {
    my ($signature) = @_;
    my ($state, $why) = @{ state_of($signature) };
    return {
        method => $signature->isa('Mail::DKIM::DkSignature') ? 'domainkeys' : 'dkim',
        domain => lc($signature->domain // ''), selector => $signature->selector // '', state => $state, why => $why =~ s/\s+$//r,
    };
}

sub is_flag { my ($value, $flag) = @_; return defined $value && lc $value eq $flag ? 1 : 0 }

# The DMARC record for a domain and its organizational domain: the tree walk of RFC 9989, 4.10.
sub dmarc_of {
    my ($domain) = @_;
    my (@found, $exact, $organization);
    my @labels = split /\./, $domain;
    for (my $first = 1; @labels; shift @labels) {
        if (!$first && @labels > 7) { splice @labels, 0, @labels - 8; $first = 0; next }
        my $name = join '.', @labels;
        my @records = map { tags_of($_) } grep { /^\s*v\s*=\s*DMARC1\s*(?:;|$)/ } @{ texts("_dmarc.$name") // [] };
        push @found, [ $name, $records[0], $first ] if @records == 1;
        $exact = $records[0] if $first && @records == 1;
        $first = 0;
        last if @records == 1 && ($records[0]{psd} // '') =~ /^n$/i;
    }
    return if !@found;
    my $top = $found[-1];
    if (($top->[1]{psd} // '') =~ /^y$/i && $top->[0] ne $domain) {
        my ($label) = substr($domain, 0, -1 - length $top->[0]) =~ /([^.]+)$/;
        $organization = "$label.$top->[0]";
    }
    $organization //= $top->[0];
    my ($record) = $exact || (map { $_->[1] } grep { $_->[0] eq $organization } @found)[0] || $top->[1];
    my $wish = $record->{p};
    if (!$exact) {
        my $is_missing = defined $record->{np} && !defined texts($domain, 'A');
        $wish = ($is_missing ? $record->{np} : undef) // $record->{sp} // $record->{p};
    }
    return { wish => lc($wish // 'none'), testing => is_flag($record->{t}, 'y'), strict => is_flag($record->{adkim}, 's'), organization => $organization };
}

sub is_aligned {
    my ($signing, $domain, $dmarc) = @_;
    return 1 if $signing eq $domain;
    return !$dmarc->{strict} && ($signing eq $dmarc->{organization} || $signing =~ /\.\Q$dmarc->{organization}\E$/);
}

# What the policies say of mail of this domain: [policy, fail|test|pass, text] of each that demands a signature.
sub policies_on {
    my ($domain, $which, $good) = @_;
    my @said;
    my $signed = grep { covers($_->{domain}, $domain) } @$good;
    if ($which->{domainkeys}) {
        for my $tags (map { tags_of($_) } @{ texts("_domainkey.$domain") // [] }) {
            next if ($tags->{o} // '') ne '-';
            push @said, [ 'domainkeys', $signed ? 'pass' : ($tags->{t} // '') =~ /y/i ? 'test' : 'fail', "o=- of $domain" ];
        }
    }
    if ($which->{adsp}) {
        for my $tags (map { tags_of($_) } @{ texts("_adsp._domainkey.$domain") // [] }) {
            next if ($tags->{dkim} // '') !~ /^(all|discardable)$/i;
            push @said, [ 'dkim-adsp', $signed ? 'pass' : 'fail', "ADSP $1 of $domain" ];
        }
    }
    if ($which->{dmarc}) {
        my $dmarc = dmarc_of($domain);
        if ($dmarc && $dmarc->{wish} =~ /^(quarantine|reject)$/) {
            my $aligned = grep { is_aligned($_->{domain}, $domain, $dmarc) } @$good;
            push @said, [ 'dmarc', $aligned ? 'pass' : $dmarc->{testing} ? 'test' : 'fail', "DMARC $dmarc->{wish} of $domain" ];
        }
    }
    return @said;
}

sub is_in_test_mode {
    my ($domain) = @_;
    return grep { (tags_of($_)->{t} // '') =~ /y/i } @{ texts("_domainkey.$domain") // [] };
}

# One domain that the message says it comes from: { verdict: pass|fail|test|temporary|none, why, policies }.
sub judge_domain {
    my ($domain, $which, $signatures) = @_;
    my @good = grep { $_->{state} eq 'good' } @$signatures;
    my @own = grep { covers($_->{domain}, $domain) } @$signatures;
    my ($exact) = grep { $_->{state} eq 'good' && $_->{domain} eq $domain } @own;
    return { verdict => 'pass', why => "signed by $domain", policies => [] } if $exact;
    my ($above) = grep { $_->{state} eq 'good' } @own;
    if (!$above) {
        for my $state (qw(temporary test)) {
            my ($one) = grep { $_->{state} eq $state } @own;
            return { verdict => $state, why => "$one->{method} signature of $one->{domain}: $one->{why}", policies => [] } if $one;
        }
        my ($bad) = grep { $_->{state} eq 'bad' } @own;
        if ($bad) {
            my $testing = is_in_test_mode($bad->{domain});
            return { verdict => $testing ? 'test' : 'fail', why => "$bad->{method} signature of $bad->{domain}: $bad->{why}", policies => [] };
        }
    }
    my @said = policies_on($domain, $which, \@good);
    # a policy in test mode says that the domain is: none of its others loses mail then
    for my $outcome (qw(test fail)) {
        my ($one) = grep { $_->[1] eq $outcome } @said;
        return { verdict => $outcome, why => "no good signature, $one->[2]", policies => \@said } if $one;
    }
    my $is_signed = $above || grep { $_->[1] eq 'pass' } @said;
    return { verdict => $is_signed ? 'pass' : 'none', why => $is_signed ? "signed for $domain" : 'no signature and no policy', policies => \@said };
}

# `fields` are those of the message's head; `verifier` has seen all of it.
sub judge {
    my ($verifier, @fields) = @_;
    my @signatures = map { examine($_) } $verifier->signatures;
    my %addresses = addresses_in(@fields);
    my @authors = unique(map { domain_of($_) } @{ $addresses{from} });
    splice @authors, MOST_AUTHORS if @authors > MOST_AUTHORS;
    my @senders = unique(map { domain_of($_) } @{ $addresses{sender} }[ 0 .. (@{ $addresses{sender} } ? 0 : -1) ]);
    my %policies = %{ $config->{policies} };
    # of DomainKeys, the sender's policy counts: Sender, and From only where there is none (RFC 4870, 3.2)
    my %of_author = (%policies, domainkeys => $policies{domainkeys} && !@senders);
    my $judged = sub {
        my @arguments = @_;
        return eval { judge_domain(@arguments) } || do {
            die $@ if $@ !~ /^temporary/;
            { verdict => 'temporary', why => $@, policies => [] };
        };
    };
    my @verdicts = map { $judged->($_, \%of_author, \@signatures) } @authors;
    if (!@authors || grep { $_->{verdict} ne 'pass' } @verdicts) {
        my @by_sender = grep { $_->{method} eq 'domainkeys' || $_->{state} eq 'good' } @signatures;
        push @verdicts, map { $judged->($_, { domainkeys => $policies{domainkeys} }, \@by_sender) } @senders;
    }
    my ($worst) = map { my $want = $_; grep { $_->{verdict} eq $want } @verdicts } qw(fail temporary test none pass);
    $worst //= { verdict => 'none', why => 'no sender', policies => [] };
    return { %$worst, signatures => \@signatures, author => $authors[0] // $senders[0] // '', policies => [ map { @{ $_->{policies} } } @verdicts ] };
}

# The value of an Authentication-Results field (RFC 8601); undef: there is nothing to say.
sub results_field {
    my ($authserv, $verdict) = @_;
    my %words = (good => 'pass', bad => 'fail', test => 'neutral', temporary => 'temperror', none => 'permerror');
    my $clean = sub { my ($text) = @_; $text =~ s/[^A-Za-z0-9._-]//g; return $text eq '' ? 'unknown' : substr $text, 0, 253 };
    my @said = map { "$_->{method}=$words{$_->{state}} header.d=" . $clean->($_->{domain}) . ' header.s=' . $clean->($_->{selector}) } @{ $verdict->{signatures} };
    push @said, map { "$_->[0]=" . ($_->[1] eq 'test' ? 'none' : $_->[1]) . ' header.from=' . $clean->($verdict->{author}) } @{ $verdict->{policies} };
    return @said ? join(";\n\t", $clean->($authserv), @said) : undef;
}

# Whether an Authentication-Results field says that it is this server's: comments may stand anywhere.
sub is_forged {
    my ($value, $authserv) = @_;
    1 while $value =~ s/\((?:[^()\\]|\\.)*\)/ /s;
    my ($name) = $value =~ /^\s*"?([^\s;"]+)/;
    return defined $name && lc $name eq lc $authserv;
}

# ---------------------------------------------------------------- one message

sub begin_message {
    my ($internal) = @_;
    %answers = ();
    $deadline = undef;
    return { internal => $internal, fields => [], results => [], ended_head => 0, held => [] };
}

# undef: mail of this domain is not signed here. Dies where it should be and cannot.
sub signer_for {
    my (@fields) = @_;
    my %addresses = addresses_in(@fields);
    my $domain = domain_of($addresses{sender}[0] // $addresses{from}[0] // '');
    my @entries = map { { %$_, private => (load_key($_->{key}))[0] } } @{ $table->{$domain} // [] } or return;
    return Mail::DKIM::Signer->new(
        Policy => sub {
            my ($signer) = @_;
            $signer->add_signature(Mail::DKIM::DkSignature->new(
                Algorithm => 'rsa-sha1', Method => 'nofws', Headers => $signer->headers,
                Domain => $domain, Selector => $_->{selector}, Key => $_->{private},
            )) for @entries;
            return;
        },
    );
}

sub end_head {
    my ($message) = @_;
    return if $message->{ended_head}++;
    if ($message->{internal}) {
        return if !$config->{sign};
        $message->{reader} = eval { signer_for(@{ $message->{fields} }) };
        $message->{cannot_sign} = $@ if $@;
    }
    elsif ($config->{verify}) {
        $deadline = time + MESSAGE_SECONDS;
        my %addresses = addresses_in(@{ $message->{fields} });
        my @authors = unique(map { domain_of($_) } map { @$_ } values %addresses);
        $message->{reader} = Signet::DomainKeys::Verifier->new(Authors => \@authors);
    }
    return if !$message->{reader};
    $message->{reader}->PRINT($_) for @{ $message->{fields} }, "\r\n";
    return;
}

# A line that does not end is not looked through again with each part of it.
sub add_body {
    my ($message, $chunk) = @_;
    return if !$message->{reader};
    push @{ $message->{held} }, $chunk;
    return if $chunk !~ /\n/;
    $message->{reader}->PRINT(join '', splice @{ $message->{held} });
    return;
}

sub end_body {
    my ($message) = @_;
    end_head($message);
    return if !$message->{reader};
    $deadline = time + MESSAGE_SECONDS if !$message->{internal};
    $message->{reader}->PRINT(join '', splice @{ $message->{held} }) if @{ $message->{held} };
    $message->{reader}->CLOSE;
    return;
}

# (the MTA has line ends of its own)
sub signature_value {
    my ($signature) = @_;
    my $value = $signature->as_string;
    $value =~ s/^DomainKey-Signature:\s*//i;
    $value =~ s/\r//g;
    $value =~ s/\s+$//;
    return $value;
}

# ---------------------------------------------------------------- milter callbacks

sub client_address {
    my ($context, $sockaddr) = @_;
    my ($bracketed) = ($context->getsymval('_') // '') =~ /\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]/;
    return packed($bracketed) if defined $bracketed;
    return (unpack_sockaddr_in($sockaddr))[1] if defined $sockaddr && sockaddr_family($sockaddr) == AF_INET;
    return;
}

# What is submitted on the server itself (non_smtpd_milters) has a loopback address in Postfix.
sub is_internal {
    my ($bytes) = @_;
    return 0 if !defined $bytes;
    return scalar grep { is_within($bytes, $_) } @loopback, @{ $config->{internal} };
}

sub on_connect {
    my ($context, undef, $sockaddr) = @_;
    $context->setpriv({ internal => is_internal(client_address($context, $sockaddr)) });
    return SMFIS_CONTINUE;
}

sub on_envfrom {
    my ($context) = @_;
    refresh();
    my $session = $context->getpriv // {};
    $session->{message} = begin_message($session->{internal} || ($context->getsymval('{auth_type}') // '') ne '');
    $context->{in_message} = 1;
    $context->setpriv($session);
    return SMFIS_CONTINUE;
}

# undef: the client does not keep to the order of the protocol.
sub message_of   { return ($_[0]->getpriv // {})->{message} }
sub take_message { return delete(($_[0]->getpriv // {})->{message}) }

sub on_header {
    my ($context, $name, $value) = @_;
    my $message = message_of($context);
    return SMFIS_CONTINUE if !$message || !defined $name || $name eq '';
    $value //= '';
    push @{ $message->{results} }, $value if lc $name eq 'authentication-results';
    $value = " $value" if !$context->leading_space;
    $value =~ s/\r?\n/\r\n/g;
    push @{ $message->{fields} }, "$name:$value\r\n";
    return SMFIS_CONTINUE;
}

sub on_eoh {
    my ($context) = @_;
    my $message = message_of($context);
    end_head($message) if $message;
    return SMFIS_CONTINUE;
}

sub on_body {
    my ($context, $chunk) = @_;
    my $message = message_of($context);
    add_body($message, $chunk) if $message;
    return SMFIS_CONTINUE;
}

sub on_eom {
    my ($context) = @_;
    my $message = take_message($context) // return SMFIS_CONTINUE;
    $context->{in_message} = 0;
    my $id = $context->{symbols}{E}{i} // $context->getsymval('i') // '-';
    if ($message->{internal}) {
        end_body($message) if !$message->{cannot_sign};
        if ($message->{cannot_sign}) {
            note('err', "$id: cannot sign: $message->{cannot_sign}");
            return $context->setreply(451, '4.7.0', 'the message cannot be signed now') && SMFIS_TEMPFAIL;
        }
        return SMFIS_CONTINUE if !$message->{reader};
        my @signatures = $message->{reader}->signatures;
        $context->prepend_header('DomainKey-Signature', signature_value($_)) for reverse @signatures;
        note('info', "$id: signed, d=" . $signatures[0]->domain);
        return SMFIS_CONTINUE;
    }
    return SMFIS_CONTINUE if !$config->{verify};
    my $authserv = $config->{authservid} ne '' ? $config->{authservid} : $context->getsymval('j') // Sys::Hostname::hostname();
    if ($config->{failing} eq 'tag') {
        # from the last on: the places of those above stay
        my @fields = @{ $message->{results} };
        is_forged($fields[ $_ - 1 ], $authserv) && $context->remove_header('Authentication-Results', $_) for reverse 1 .. @fields;
    }
    end_body($message);
    my $verdict = judge($message->{reader}, @{ $message->{fields} });
    note('info', "$id: from $verdict->{author}: $verdict->{verdict} ($verdict->{why})");
    if ($config->{failing} eq 'tag') {
        my $value = results_field($authserv, $verdict);
        $context->prepend_header('Authentication-Results', $value) if defined $value;
        return SMFIS_CONTINUE;
    }
    return SMFIS_CONTINUE if $verdict->{verdict} ne 'fail';
    return SMFIS_DISCARD if $config->{failing} eq 'discard';
    $context->setreply(550, '5.7.1', 'the sender signs its mail, and this message has no good signature of it');
    return SMFIS_REJECT;
}

sub on_abort {
    my ($context) = @_;
    take_message($context);
    $context->{in_message} = 0;
    return SMFIS_CONTINUE;
}

# An error of this program loses no mail: the message goes on as it is.
sub guarded {
    my ($callback) = @_;
    return sub {
        my ($context, @arguments) = @_;
        my $outcome = eval {
            local $SIG{ALRM} = sub { die "it takes too long\n" };
            alarm JUDGE_SECONDS;
            my $result = $callback->($context, @arguments);
            alarm 0;
            $result;
        };
        alarm 0;
        return $outcome if defined $outcome;
        note('err', "an error in a message, which goes on as it is: $@");
        on_abort($context);
        return SMFIS_CONTINUE;
    };
}

# ---------------------------------------------------------------- serving

our ($config_path, %stamps) = ('');

# Changes with every way in which an editor or a package manager replaces a file.
sub stamp_of {
    my ($path) = @_;
    my @stat = stat $path or return '';
    return join ' ', @stat[ 1, 7, 9, 10 ];
}

# Whether it has changed since it was asked last.
sub is_changed {
    my ($path) = @_;
    my $stamp = stamp_of($path);
    my $is_same = ($stamps{$path} // 'never') eq $stamp;
    $stamps{$path} = $stamp;
    return !$is_same;
}

# Whatever has changed is read again; what cannot be used is said once.
sub refresh {
    if (is_changed($config_path)) {
        my $read = eval { read_config($config_path) };
        if ($read) {
            note('warning', 'Socket has changed: that takes a restart') if $config && $read->{socket} ne $config->{socket};
            $config = $read;
        }
        else { note('err', ($config ? 'the configuration from before stays in force: ' : '') . $@) }
    }
    if ($config && is_changed($config->{keytable})) {
        my $read = eval { read_table($config->{keytable}) };
        if ($read) { $table = $read }
        else       { note('err', ($table ? 'the key table from before stays in force: ' : '') . $@) }
    }
    return;
}

# The socket of systemd (sd_listen_fds(3)) outlives this process: who connects while it starts again waits, and does not fail.
sub listener {
    if (($ENV{LISTEN_PID} // '') eq $$ && ($ENV{LISTEN_FDS} // 0) >= 1) {
        return IO::Socket::INET->new_from_fd(3, '+<') || die "the socket of systemd cannot be used: $!\n";
    }
    my ($port, $address) = $config->{socket} =~ /^inet:(\d+)\@(.+)$/;
    return IO::Socket::INET->new(LocalAddr => $address, LocalPort => $port, Listen => MOST_CONNECTIONS, ReuseAddr => 1)
        || die "$config->{socket} cannot be listened at: $@\n";
}

# A process for each connection, which ends with it: what a message took is given back, and what it breaks is its own.
# More than the limit wait in the queue of the socket.
sub dispatch {
    my ($listener, $handler) = @_;
    my (%children, $reload, $stop);
    local $SIG{HUP}  = sub { $reload = 1 };
    local $SIG{TERM} = sub { $stop = 1 };
    local $SIG{INT}  = $SIG{TERM};
    local $SIG{CHLD} = sub { };
    my $reap = sub {
        while ((my $pid = waitpid -1, WNOHANG) > 0) {
            delete $children{$pid};
            note('warning', "the process of a connection was ended by signal " . ($? & 127)) if $? & 127;
        }
    };
    my $select = IO::Select->new($listener);
    note('info', 'ready, ' . keys(%$table) . ' domains');
    until ($stop) {
        $reap->();
        if (keys %children >= MOST_CONNECTIONS) { select undef, undef, undef, 0.05; next }
        my $is_waiting = $select->can_read(1);
        if ($reload) { $reload = 0; %stamps = (); refresh() }
        next if !$is_waiting;
        refresh();
        my $socket = $listener->accept or next;
        my $pid = fork;
        if (!defined $pid) { note('err', "fork: $!"); select undef, undef, undef, 0.5 }
        elsif ($pid) { $children{$pid} = 1 }
        else {
            $SIG{HUP} = 'IGNORE';
            $SIG{CHLD} = 'DEFAULT';
            $SIG{PIPE} = 'IGNORE';
            $SIG{TERM} = sub { $Signet::DomainKeys::Context::stopping = 1 };
            close $listener;
            srand;
            $handler->($socket);
            close $socket;
            POSIX::_exit(0);
        }
        close $socket;
    }
    # who has a message in hand may finish it
    close $listener;
    kill 'TERM', keys %children;
    for (1 .. 100) { $reap->(); last if !%children; select undef, undef, undef, 0.1 }
    return;
}

sub serve {
    refresh();
    return EX_CONFIG if !$config || !$table;
    die "it is not to run as root: see the unit\n" if $> == 0;
    my %callbacks = (
        connect => \&on_connect, envfrom => \&on_envfrom, header => \&on_header, eoh => \&on_eoh, body => \&on_body,
        eom => \&on_eom, abort => \&on_abort,
    );
    %callbacks = map { $_ => guarded($callbacks{$_}) } keys %callbacks;
    # what a message makes the libraries say must not fill the log
    my $warnings = 0;
    local $SIG{__WARN__} = sub { note('warning', $_[0]) if $_[0] =~ /^(?:bad packet|EOF|SMFIC|unknown milter)/ && $warnings++ < 5 };
    dispatch(listener(), sub { Signet::DomainKeys::Context->new($_[0], \%callbacks, SMFIF_ADDHDRS | SMFIF_CHGHDRS)->main });
    return 0;
}

sub main {
    my (@arguments) = @_;
    my $mode = @arguments && $arguments[0] =~ /^(?:-n|--check)$/ ? shift @arguments : '';
    if (@arguments < 1 || @arguments > ($mode eq '' ? 1 : 2)) {
        print STDERR "usage: signet-domainkeys CONFIG | -n CONFIG [KEYTABLE] | --check CONFIG [KEYTABLE]\n";
        return EX_USAGE;
    }
    return check(@arguments[ 0, 1 ], $mode eq '--check') if $mode ne '';
    ($config_path) = @arguments;
    Sys::Syslog::openlog('signet-domainkeys', 'ndelay,pid', 'mail');
    my $status = eval { serve() };
    return $status if defined $status;
    my $why = $@;
    note('err', "cannot serve: $why");
    print STDERR "signet-domainkeys: $why";
    return EX_CONFIG;
}

exit main(@ARGV) if !caller;
1;
