#!/usr/bin/perl
# A milter that signs outgoing mail with DomainKeys (RFC 4870) and verifies incoming mail: DomainKeys, DKIM (RFC 6376) and
# what the sender's domain says about its signatures (DomainKeys policy, ADSP, DMARC). Installed by Signet.
#
#   signet-domainkeys CONFIGURATION
#   signet-domainkeys -n CONFIGURATION [KEYTABLE]      only looks whether it could start (with that table)
#
# One process for each connection of the MTA, forked off a parent that touches no mail: nothing grows, and what dies takes one
# session with it. Configuration and key table are read anew as soon as they change (and at SIGHUP); what cannot be read
# leaves the last good ones in force. Keys are read when they sign, and not kept. Nothing of a key, and no content of a
# message, stands in the log.
#
# When something goes wrong: mail that should be signed, and whose key cannot be used, is deferred (451), never sent
# unsigned; mail that cannot be parsed passes as it is; DNS that does not answer, and keys in test mode, lose no mail.
use strict;
use warnings;

use Crypt::OpenSSL::RSA;
use Errno qw(EINTR);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Mail::Address;
use Mail::DKIM::DkSignature;
use Mail::DKIM::DNS;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use POSIX qw(WNOHANG);
use Sendmail::PMilter qw(:all);
use Sendmail::PMilter::Context;
use Socket qw(AF_INET AF_INET6 SOCK_DGRAM AF_UNIX inet_pton inet_ntoa unpack_sockaddr_in pack_sockaddr_un sockaddr_family);
use Sys::Hostname qw(hostname);
use Sys::Syslog qw(:standard :macros);

# More than one message ever needs, and few enough for the patience of the MTA (milter_content_timeout, 300 s).
use constant { MOST_SIGNATURES => 8, MOST_HEADERS => 2000, DNS_SECONDS => 5, MOST_SESSIONS => 400 };

my $only_check = @ARGV && $ARGV[0] eq '-n' ? 1 : 0;
shift @ARGV if $only_check;
my ( $config_path, $other_table ) = @ARGV;
die "usage: signet-domainkeys [-n] CONFIGURATION [KEYTABLE]\n" if @ARGV < 1 || @ARGV > 1 + $only_check;

# ------------------------------------------------------------------ configuration

my %known = (
    socket       => 'inet:8892@127.0.0.1',
    sign         => 'yes',
    verify       => 'no',
    failing      => 'tag',
    policies     => 'domainkeys adsp dmarc',
    internal     => '127.0.0.0/8 ::1/128',
    keytable     => '/etc/signet-domainkeys/keytable',
    minimumbits  => '1024',
    authservid   => '',
    nameservers  => '',
);
my ( %config, @internal, %keys, %read_as );

# Changes with every way in which an editor or a package manager replaces a file.
sub state_of {
    my ($path) = @_;
    my @stat = stat $path or return 'none';
    return join ' ', @stat[ 1, 7, 9, 10 ];
}

sub lines_of {
    my ($path) = @_;
    open my $file, '<', $path or die "$path cannot be read: $!\n";
    my @lines;
    while ( my $line = <$file> ) {
        $line =~ s/[\r\n]+\z//;
        $line =~ s/^\s+//;
        next if $line eq '' || $line =~ /^#/;
        push @lines, [ $., $line ];
    }
    close $file;
    return @lines;
}

sub read_config {
    my %new = %known;
    for ( lines_of($config_path) ) {
        my ( $number, $line ) = @$_;
        my ( $name, $value ) = $line =~ /^(\w+)\s+(.*?)\s*\z/ or die "$config_path:$number: a line is NAME VALUE\n";
        exists $known{ lc $name } or die "$config_path:$number: there is no setting $name\n";
        $new{ lc $name } = $value;
    }
    my %words = ( sign => 'yes|no', verify => 'yes|no', failing => 'discard|reject|tag', minimumbits => '\d+' );
    for my $name ( sort keys %words ) {
        $new{$name} =~ /^(?:$words{$name})\z/ or die "$config_path: $name is one of $words{$name}\n";
    }
    for my $policy ( split ' ', $new{policies} ) {
        $policy =~ /^(?:none|domainkeys|adsp|dmarc)\z/ or die "$config_path: there is no policy $policy\n";
    }
    my @networks = map { network($_) // die "$config_path: $_ is no network\n" } split ' ', $new{internal};
    %config   = %new;
    $config{keytable} = $other_table if defined $other_table;
    @internal = @networks;
    $config{authservid} = hostname() if $config{authservid} eq '';
    $Mail::DKIM::DNS::TIMEOUT = DNS_SECONDS;
    my $resolver = Net::DNS::Resolver->new( retry => 2, retrans => 2, udp_timeout => 4, tcp_timeout => 4 );
    $resolver->nameservers( split ' ', $config{nameservers} ) if $config{nameservers} ne '';
    $resolver->udppacketsize(1232);
    Mail::DKIM::DNS::resolver($resolver);
    return;
}

# A line: DOMAIN SELECTOR PATH. A domain with several lines gets several signatures.
sub read_keys {
    my %new;
    for ( lines_of( $config{keytable} ) ) {
        my ( $number, $line ) = @$_;
        my ( $domain, $selector, $path, $more ) = split ' ', $line;
        die "$config{keytable}:$number: a line is DOMAIN SELECTOR PATH\n" if !defined $path || defined $more;
        push @{ $new{ lc $domain } }, { selector => $selector, path => $path };
    }
    %keys = %new;
    return;
}

# What has changed is read anew; what cannot be read is said once, and what was read before stays in force.
sub refresh {
    my ($force) = @_;
    my $failed = 0;
    for my $what ( [ sub { $config_path }, \&read_config ], [ sub { $config{keytable} }, \&read_keys ] ) {
        my ( $path, $reader ) = ( $what->[0]->(), $what->[1] );
        my $state = state_of($path);
        next if !$force && ( $read_as{$path} // '' ) eq $state;
        $read_as{$path} = $state;
        next if eval { $reader->(); 1 };
        $failed = 1;
        note( LOG_ERR, $@ );
    }
    return !$failed;
}

sub network {
    my ($text) = @_;
    my ( $address, $length ) = $text =~ m{^\[?([0-9A-Fa-f.:]+)\]?(?:/(\d+))?\z} or return undef;
    my $packed = packed($address) // return undef;
    my $most = 8 * length $packed;
    $length //= $most;
    return $length > $most ? undef : [ unpack( "B$length", $packed ), $most ];
}

sub packed {
    my ($address) = @_;
    return inet_pton( $address =~ /:/ ? AF_INET6 : AF_INET, $address );
}

sub is_internal {
    my ($address) = @_;
    $address =~ s/^::ffff:(?=\d+\.)//i;
    my $packed = packed($address) // return 0;
    my $bits = unpack 'B*', $packed;
    return scalar grep { $_->[1] == length $bits && substr( $bits, 0, length $_->[0] ) eq $_->[0] } @internal;
}

# ------------------------------------------------------------------ words for people

sub printable {
    my ( $text, $most ) = @_;
    $text = '' unless defined $text;
    $text =~ s/[^\x20-\x7e]/?/g;
    return substr $text, 0, $most // 200;
}

sub note {
    my ( $level, $text ) = @_;
    $text = printable( $text =~ s/\s+\z//r, 400 );
    if ($only_check) { print STDERR "$text\n" }
    else {
        eval { syslog( $level, '%s', $text ) };
    }
    return;
}

# ------------------------------------------------------------------ the protocol

# Sendmail::PMilter speaks version 2. Two things are added: header fields arrive with the white space that stands before
# their values (signatures of the canonicalization "simple" need it), and a packet leaves in one piece.
package Session {
    our @ISA = ('Sendmail::PMilter::Context');

    sub new {
        my ( $class, @arguments ) = @_;
        my $self = $class->SUPER::new(@arguments);
        $self->{protocol} |= 0x100000;
        return $self;
    }

    sub write_packet {
        my ( $self, $code, $data ) = @_;
        $data //= '';
        $self->{exact} = ( unpack 'NNN', $data )[2] & 0x100000 if $code eq 'O';
        my $packet = pack( 'N', length($data) + 1 ) . $code . $data;
        while ( length $packet ) {
            my $written = syswrite $self->{socket}, $packet;
            next if !defined $written && $!{EINTR};
            return unless $written;
            substr $packet, 0, $written, '';
        }
        return;
    }

    # At the top of the message, where RFC 4870 wants a signature.
    sub insert_header {
        my ( $self, $name, $value ) = @_;
        $self->write_packet( 'i', pack( 'N', 0 ) . "$name\0" . ( $self->{exact} ? ' ' : '' ) . "$value\0" );
        return;
    }

    sub delete_header {
        my ( $self, $name, $number ) = @_;
        $self->write_packet( 'm', pack( 'N', $number ) . "$name\0\0" );
        return;
    }
}

# Only signatures that say something about the author are looked at, and only so many.
package AuthorVerifier {
    our @ISA = ('Mail::DKIM::Verifier');

    sub add_signature {
        my ( $self, $signature ) = @_;
        my $domain = eval { $signature->domain } // '';
        return unless main::is_related( $domain, $self->{Author} );
        return if @{ $self->{signatures} } >= main::MOST_SIGNATURES;
        return $self->SUPER::add_signature($signature);
    }
}

package main;

# ------------------------------------------------------------------ domains

sub domain_in {
    my ($value) = @_;
    my ($address) = grep { defined && /\@/ } map { $_->address } eval { Mail::Address->parse($value) };
    my ($domain) = ( $address // '' ) =~ /\@([A-Za-z0-9_.-]+)\z/ or return undef;
    $domain =~ s/\.\z//;
    return lc $domain;
}

sub is_below { my ( $domain, $parent ) = @_; return substr( ".$domain", -length(".$parent") ) eq ".$parent" }

sub is_related {
    my ( $domain, $author ) = @_;
    $domain = lc $domain;
    return 1 if is_below( $author, $domain ) || is_below( $domain, $author );
    my ( $one, $other ) = map { join '.', ( split /\./ )[ -2, -1 ] } grep { /\./ } $domain, $author;
    return defined $other && $one eq $other;
}

# ------------------------------------------------------------------ signing

# (line feeds only: the MTA has its own line ends)
sub field_value {
    my ($signature) = @_;
    my $text = $signature->as_string;
    $text =~ s/^[^:]+:\s*//;
    $text =~ s/\r\n/\n/g;
    return $text;
}

# Dies with a text that may be logged.
sub private_key {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    my $pem = do { local $/; <$file> };
    close $file;
    my $key = eval { Crypt::OpenSSL::RSA->new_private_key($pem) } or die "$path holds no RSA private key\n";
    return Mail::DKIM::PrivateKey->load( Cork => $key );
}

sub signer_for {
    my ($message) = @_;
    my ($sender) = grep { defined } map { $message->{first}{$_} } qw(sender from);
    my $domain = defined $sender ? domain_in($sender) : undef;
    return undef unless defined $domain && $keys{$domain};
    $message->{domain} = $domain;
    my @entries = map { { %$_, key => private_key( $_->{path} ) } } @{ $keys{$domain} };
    return Mail::DKIM::Signer->new(
        Policy => sub {
            my ($signer) = @_;
            # what other filters and relays add, change or take away on the way is not signed
            my @names = grep { !/^(?:.*-signature|received|return-path|authentication-results|.*-spf)\z/i }
              split /:/, $signer->headers;
            for my $entry (@entries) {
                $signer->add_signature(
                    Mail::DKIM::DkSignature->new(
                        Algorithm => 'rsa-sha1',
                        Method    => 'nofws',
                        Headers   => join( ':', @names ),
                        Domain    => $domain,
                        Selector  => $entry->{selector},
                        Key       => $entry->{key},
                    )
                );
            }
            return;
        },
    );
}

# ------------------------------------------------------------------ verifying

# (records) of a name; dies where DNS did not answer. No more than one is looked at: who publishes two says nothing.
sub record_at {
    my ( $name, $wanted ) = @_;
    my @values = map { join '', $_->txtdata } Mail::DKIM::DNS::query( $name, 'TXT' );
    @values = grep { $_ =~ $wanted } @values;
    return @values == 1 ? $values[0] : undef;
}

sub tags_of {
    my ($text) = @_;
    my %tags;
    for my $part ( split /;/, $text // '' ) {
        my ( $name, $value ) = $part =~ /^\s*([A-Za-z0-9_]+)\s*=\s*(.*?)\s*\z/s or next;
        $tags{ lc $name } //= $value;
    }
    return \%tags;
}

# What one signature is worth: good, bad, test (the key is in test mode), temporary, or nothing (as if it were not there).
sub worth_of {
    my ($signature) = @_;
    my $detail = $signature->result_detail // '';
    return 'temporary' if $detail =~ /DNS (?:query timeout|error)/i;
    my $key = eval { $signature->get_public_key };
    my $bits = eval { $key->cork->size * 8 } // 0;
    if ( ( $signature->result // '' ) eq 'pass' ) { return $bits >= $config{minimumbits} ? 'good' : 'nothing' }
    return 'test' if $key && eval { $key->testing };
    return 'bad'  if $detail =~ /revoked|expired/;
    # no such key, or nothing that this program could judge
    return 'nothing' if $detail =~ /not available|unsupported|does not support|invalid data|missing/;
    return $bits >= $config{minimumbits} ? 'bad' : 'nothing';
}

# (domain that the policy was found at, tags); RFC 9989: the nearest record upwards, of at most eight labels.
sub dmarc_of {
    my ($author) = @_;
    my @labels = split /\./, $author;
    my @names  = ($author);
    splice @labels, 0, @labels - 7 if @labels > 8;
    while ( @labels > 2 ) { shift @labels; push @names, join '.', @labels }
    for my $name (@names) {
        my $record = record_at( "_dmarc.$name", qr/^v\s*=\s*DMARC1\s*(?:;|\z)/i );
        return ( $name, tags_of($record) ) if defined $record;
    }
    return;
}

# Why the sender's own policies condemn mail that has no good signature of the author's domain; undef: they do not.
sub condemned {
    my ( $author, $domainkeys, @aligned ) = @_;
    my %counts = map { $_ => 1 } split ' ', $config{policies};
    return 'domainkeys: all mail of the domain is signed (o=-)' if $counts{domainkeys} && ( $domainkeys->{o} // '' ) eq '-';
    if ( $counts{adsp} ) {
        my $record = record_at( "_adsp._domainkey.$author", qr/^\s*dkim\s*=/i );
        my $says = lc( tags_of($record)->{dkim} // 'unknown' );
        return "dkim-adsp: all mail of the domain is signed ($says)" if $says eq 'all' || $says eq 'discardable';
    }
    return undef unless $counts{dmarc};
    my ( $place, $tags ) = dmarc_of($author) or return undef;
    my $wants = lc( $place eq $author ? $tags->{p} // 'none' : $tags->{sp} // $tags->{p} // 'none' );
    return undef if $wants ne 'quarantine' && $wants ne 'reject';
    return undef if ( $tags->{t} // '' ) eq 'y';
    return undef if ( $tags->{adkim} // 'r' ) ne 's' && grep { is_below( $_, $place ) } @aligned;
    return "dmarc: no aligned signature ($wants)";
}

# ('pass' | 'none' | 'test' | 'temporary' | 'fail', why, results for the header field)
sub judge {
    my ($message) = @_;
    my ( $author, $verifier ) = @{$message}{qw(author verifier)};
    my ( %seen, @results, @aligned );
    for my $signature ( $verifier->signatures ) {
        my $domain = lc( $signature->domain // '' );
        my $worth  = worth_of($signature);
        my $kind   = $signature->isa('Mail::DKIM::DkSignature') ? 'domainkeys' : 'dkim';
        my %word   = ( good => 'pass', bad => 'fail', test => 'policy', temporary => 'temperror', nothing => 'neutral' );
        my $say    = printable( $signature->result_detail, 80 ) =~ s/[()\\;"]/ /gr;
        push @results, "$kind=$word{$worth} ($say) header.d=" . printable( $domain, 255 ) . ' header.s='
          . printable( $signature->selector, 63 );
        push @aligned, $domain if $worth eq 'good';
        # of the author's domain: its own, or one above it
        $seen{$worth} = $domain if is_below( $author, $domain ) && $domain =~ /\./;
    }
    push @results, 'dkim=none' unless @results;
    return ( 'pass',      '',               @results ) if $seen{good};
    return ( 'temporary', 'DNS',            @results ) if $seen{temporary};
    return ( 'test',      'key in testing', @results ) if $seen{test};
    my ( $domainkeys, $why );
    my $answered = eval {
        $domainkeys = tags_of( record_at( "_domainkey.$author", qr/(?:^|;)\s*[otnr]\s*=/i ) );
        $why = $seen{bad} ? "the signature of $seen{bad} is not good" : condemned( $author, $domainkeys, @aligned );
        1;
    };
    return ( 'temporary', 'DNS',               @results ) unless $answered;
    return ( 'none',      '',                  @results ) unless defined $why;
    return ( 'test',      'policy in testing', @results ) if ( $domainkeys->{t} // '' ) =~ /y/i;
    push @results, "$1=fail ($2)" if $why =~ /^(dkim-adsp|dmarc|domainkeys): (.*)/ && !$seen{bad};
    return ( 'fail', $why, @results );
}

# ------------------------------------------------------------------ what the MTA says

my $continue = SMFIS_CONTINUE;

sub fresh { my ($session) = @_; delete $session->{message}; return }

sub on_connect {
    my ( $session, undef, $packed ) = @_;
    my ($address) = ( $session->getsymval('_') // '' ) =~ /\[(?:IPv6:)?([^\]]+)\]\s*\z/i;
    if ( !defined $address && defined $packed && sockaddr_family($packed) == AF_INET ) {
        $address = inet_ntoa( ( unpack_sockaddr_in($packed) )[1] );
    }
    $session->{internal_host} = defined $address ? is_internal($address) : 0;
    $session->{address} = $address;
    return $continue;
}

sub on_mail {
    my ($session) = @_;
    refresh(0);
    fresh($session);
    $session->{internal_host} = is_internal( $session->{address} ) if defined $session->{address};
    my $user = $session->getsymval('{auth_authen}') // $session->getsymval('{auth_type}') // '';
    my $own = $session->{internal_host} || $user ne '';
    return SMFIS_ACCEPT if $own ? $config{sign} ne 'yes' || !%keys : $config{verify} ne 'yes';
    $session->{message} = { own => $own, headers => [], first => {}, results => 0 };
    return $continue;
}

sub on_header {
    my ( $session, $name, $value ) = @_;
    my $message = $session->{message} or return $continue;
    $value =~ s/\r?\n/\r\n/g;
    push @{ $message->{headers} }, $name . ':' . ( $session->{exact} ? '' : ' ' ) . $value;
    $message->{first}{ lc $name } //= $value;
    if ( lc $name eq 'authentication-results' ) {
        $message->{results}++;
        my ($claims) = $value =~ /^\s*([^\s;]+)/;
        push @{ $message->{forged} }, $message->{results} if lc( $claims // '' ) eq lc $config{authservid};
    }
    return SMFIS_ACCEPT if @{ $message->{headers} } > MOST_HEADERS;
    return $continue;
}

sub on_eoh {
    my ($session) = @_;
    my $message = $session->{message} or return $continue;
    if ( $message->{own} ) {
        $message->{filter} = signer_for($message) or return SMFIS_ACCEPT;
    }
    else {
        $message->{author} = domain_in( $message->{first}{from} // '' ) // return SMFIS_ACCEPT;
        $message->{filter} = $message->{verifier} = AuthorVerifier->new( Author => $message->{author} );
    }
    $message->{filter}->PRINT("$_\r\n") for @{ $message->{headers} };
    $message->{filter}->PRINT("\r\n");
    $message->{headers} = [];
    return $continue;
}

sub on_body {
    my ( $session, $chunk ) = @_;
    my $filter = ( $session->{message} // {} )->{filter} or return $continue;
    $filter->PRINT($chunk);
    return $continue;
}

sub on_end {
    my ($session) = @_;
    my $message = $session->{message} or return $continue;
    my $filter  = $message->{filter}  or return $continue;
    $filter->CLOSE;
    my $queue = printable( $session->getsymval('i') // '-', 40 );
    if ( $message->{own} ) {
        # the first one is to stand on top
        $session->insert_header( 'DomainKey-Signature', field_value($_) ) for reverse $filter->signatures;
        note( LOG_INFO, "$queue: signed, d=$message->{domain}" );
        return $continue;
    }
    my ( $verdict, $why, @results ) = judge($message);
    note( LOG_INFO, "$queue: $verdict, author=$message->{author}" . ( $why eq '' ? '' : ", $why" ) );
    if ( $verdict eq 'fail' && $config{failing} eq 'discard' ) { return SMFIS_DISCARD }
    if ( $verdict eq 'fail' && $config{failing} eq 'reject' ) {
        my $text = printable( $why, 120 ) =~ s/[%()]//gr;
        $session->{reply} = "550 5.7.20 Mail of $message->{author} is not accepted: $text";
        return SMFIS_REJECT;
    }
    # from the last one on, for each deletion renumbers what follows
    $session->delete_header( 'Authentication-Results', $_ ) for reverse @{ $message->{forged} // [] };
    $session->insert_header( 'Authentication-Results', join ";\n\t", $config{authservid}, @results );
    return $continue;
}

# An error of ours is nobody's mail. What should have been signed waits; everything else passes.
sub guarded {
    my ($callback) = @_;
    return sub {
        my ( $session, @arguments ) = @_;
        my $answer = eval { $callback->( $session, @arguments ) };
        return $answer if defined $answer;
        my $why     = printable( $@ =~ s/ at \S+ line \d+\.?\s*\z//r );
        my $message = $session->{message} // {};
        my $queue   = printable( $session->getsymval('i') // '-', 40 );
        fresh($session);
        my $waits = $message->{own} && $message->{domain};
        note( LOG_ERR, "$queue: " . ( $waits ? "not signed, deferred" : "passed as it is" ) . ": $why" );
        return $waits ? SMFIS_TEMPFAIL : SMFIS_ACCEPT;
    };
}

my %callbacks = (
    connect => guarded( \&on_connect ),
    envfrom => guarded( \&on_mail ),
    header  => guarded( \&on_header ),
    eoh     => guarded( \&on_eoh ),
    body    => guarded( \&on_body ),
    eom     => guarded( \&on_end ),
    abort   => sub { fresh( $_[0] ); return $continue },
    close   => sub { fresh( $_[0] ); return $continue },
);

# ------------------------------------------------------------------ processes

# The socket of systemd (sd_listen_fds(3)), which outlives this process: who connects while it starts again waits, and does not
# fail. Else one of our own.
sub listener {
    if ( ( $ENV{LISTEN_PID} // '' ) eq $$ && ( $ENV{LISTEN_FDS} // 0 ) >= 1 ) {
        return IO::Socket::INET->new_from_fd( 3, '+<' ) || die "the socket of systemd cannot be used: $!\n";
    }
    my ( $port, $host ) = $config{socket} =~ /^inet:(\d+)\@(.+)\z/ or die "$config_path: a socket is inet:PORT\@ADDRESS\n";
    return IO::Socket::INET->new( LocalAddr => $host, LocalPort => $port, Listen => 128, ReuseAddr => 1 )
      || die "$config{socket} cannot be listened at: $@\n";
}

sub serve {
    my ($socket) = @_;
    $SIG{$_} = 'DEFAULT' for qw(TERM INT HUP CHLD);
    $SIG{HUP}  = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';
    # what the library complains of (a client that speaks no milter) is one line in the log
    local $SIG{__WARN__} = sub { note( LOG_WARNING, $_[0] ) };
    eval { Session->new( $socket, \%callbacks, SMFIF_ADDHDRS | SMFIF_CHGHDRS )->main; 1 } or note( LOG_ERR, $@ );
    POSIX::_exit(0);
}

openlog( 'signet-domainkeys', 'ndelay,pid', LOG_MAIL ) unless $only_check;
refresh(1) or exit 78;
die "signet-domainkeys is not to run as root\n" if !$only_check && $> == 0;
exit 0 if $only_check;

my $listener = eval { listener() };
if ( !$listener ) { note( LOG_ERR, $@ ); print STDERR $@; exit 1 }
my ( %sessions, $ending, $reload );
$SIG{TERM} = $SIG{INT} = sub { $ending = 1 };
$SIG{HUP}  = sub { $reload = 1 };
$SIG{CHLD} = sub { };
note( LOG_INFO, 'ready, ' . keys(%keys) . ' domains' );

my $select = IO::Select->new($listener);
until ($ending) {
    while ( ( my $gone = waitpid -1, WNOHANG ) > 0 ) { delete $sessions{$gone} }
    if ($reload) { $reload = 0; note( LOG_INFO, 'reload, ' . keys(%keys) . ' domains' ) if refresh(1) }
    # who finds no room waits in the queue of the socket
    if ( keys %sessions >= MOST_SESSIONS ) { select undef, undef, undef, 0.05; next }
    next unless $select->can_read(1);
    my $socket = $listener->accept or next;
    refresh(0);
    my $child = fork;
    if ( !defined $child ) { note( LOG_ERR, "no new process: $!" ); close $socket; next }
    if ( $child == 0 ) { close $listener; serve($socket) }
    $sessions{$child} = 1;
    close $socket;
}
# sessions that are under way go on; who manages this service ends them when its patience does
close $listener;
note( LOG_INFO, 'end' );
while ( keys %sessions ) {
    my $gone = waitpid -1, 0;
    last if $gone < 0 && !$!{EINTR};
    delete $sessions{$gone} if $gone > 0;
}
exit 0;
