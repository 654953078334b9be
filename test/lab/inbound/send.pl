#!/usr/bin/perl
# Sends one message for each case, from outside the fleet (run in sink).
# Standard input: {address, recipient, key (path), cases: [{id, domain, scheme, signatures, token}]} as JSON.
# Standard output: {id: [code, reply]}.
use v5.36;
use JSON::PP;
use Mail::DKIM::DkSignature;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signature;
use Mail::DKIM::Signer;
use Net::SMTP;
use POSIX ();

my $job = decode_json(do { local $/; <STDIN> });
my $key = Mail::DKIM::PrivateKey->load(File => $job->{key});

sub sign($message, $case, $wish) {
    my %common = (Domain => $case->{domain}, Selector => 'k1', Key => $key);
    my $signer = Mail::DKIM::Signer->new(Policy => sub ($self) {
        $self->add_signature($case->{scheme} eq 'dkim'
            ? Mail::DKIM::Signature->new(%common, Algorithm => 'rsa-sha256', Method => 'relaxed/relaxed', Headers => 'from:to:subject:date',
                $wish->{expired} ? (Timestamp => time - 7200, Expiration => time - 3600) : ())
            : Mail::DKIM::DkSignature->new(%common, Algorithm => 'rsa-sha1', Method => 'nofws', Headers => $self->headers));
        return;
    });
    $signer->PRINT($wish->{bad} ? $message =~ s/Second line/Second line, as it was before/r : $message);
    $signer->CLOSE;
    return map { $_->as_string . "\r\n" } $signer->signatures;
}

my %replies;
for my $case (@{ $job->{cases} }) {
    my $message = join "\r\n", "From: News <news\@$case->{domain}>", "To: <$job->{recipient}>", "Subject: $case->{id}",
        'Date: ' . POSIX::strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime), "Message-ID: <$case->{token}\@$case->{domain}>",
        '', "A message of the case $case->{id}.", 'Second line.', '';
    my @signatures = map { sign($message, $case, $_) } @{ $case->{signatures} };
    my $smtp = Net::SMTP->new($job->{address}, Hello => 'sink.lab.example', Timeout => 60) or die "no connection: $@\n";
    $smtp->mail('news@sender.example') && $smtp->to($job->{recipient}) && $smtp->data(join('', @signatures) . $message);
    $replies{ $case->{id} } = [ 0 + $smtp->code, scalar $smtp->message ];
    $smtp->quit;
}
print encode_json(\%replies);
