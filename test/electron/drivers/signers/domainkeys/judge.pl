#!/usr/bin/perl
# Runs what decides in milter.pl on messages that it signs by Mail::DKIM: argument its path, JSON in, JSON out.
# A case: policies, failing, dns { name: [text] | "temporary" }, head [field], body, signatures from the bottom up:
# { method, domain, selector, key, expired, spoil }.
use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::Signature;

require $ARGV[0];

sub signed {
    my ($fields, $body, $wish) = @_;
    my $signer = Mail::DKIM::Signer->new(Policy => sub {
        my ($one) = @_;
        my %common = (Headers => $one->headers, Domain => $wish->{domain}, Selector => $wish->{selector},
            Key => Mail::DKIM::PrivateKey->load(Cork => Crypt::OpenSSL::RSA->new_private_key($wish->{key})));
        $one->add_signature($wish->{method} eq 'domainkeys'
            ? Mail::DKIM::DkSignature->new(Algorithm => 'rsa-sha1', Method => $wish->{canonicalization} // 'nofws', %common)
            : Mail::DKIM::Signature->new(Algorithm => $wish->{algorithm} // 'rsa-sha256', Method => 'relaxed',
                $wish->{expired} ? (Timestamp => time - 100, Expiration => time - 50) : (), %common));
        return;
    });
    $signer->PRINT($_) for @$fields, "\r\n", $body;
    $signer->CLOSE;
    my $field = ($signer->signatures)[0]->as_string;
    $field =~ s/(\bb=)(.{4})/$1 . reverse $2/se if $wish->{spoil};
    return ("$field\r\n", @$fields);
}

sub verdict {
    my ($case) = @_;
    my $dns = $case->{dns};
    local $Signet::DomainKeys::config = { policies => { map { $_ => 1 } @{ $case->{policies} } }, minimumbits => 1024, verify => 1, sign => 1, nameservers => [] };
    local $Signet::DomainKeys::look_up = sub {
        my ($name) = @_;
        my $found = $dns->{$name};
        die "temporary: SERVFAIL for $name\n" if defined $found && !ref $found;
        return $found;
    };
    my @fields = map { "$_\r\n" } @{ $case->{head} };
    @fields = signed(\@fields, $case->{body}, $_) for @{ $case->{signatures} };
    my $message = Signet::DomainKeys::begin_message(0);
    $message->{fields} = \@fields;
    Signet::DomainKeys::end_head($message);
    Signet::DomainKeys::add_body($message, $_) for unpack '(a7)*', $case->{body};
    Signet::DomainKeys::end_body($message);
    my $verdict = Signet::DomainKeys::judge($message->{reader}, @fields);
    return { verdict => $verdict->{verdict}, why => $verdict->{why}, field => Signet::DomainKeys::results_field('mx.here.example', $verdict) };
}

local $/;
my $input = decode_json(<STDIN>);
print encode_json([ map { verdict($_) } @$input ]);
